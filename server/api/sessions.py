"""Sign-in by link or company account, sign-out, open sessions, and who am I."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from server.api.service import Serviced
from server.api.shapes import Body, Clean, IdInPath, Short, SignInBody, listed
from server.auth.rules import ACCOUNT, PUBLIC, VISITOR_OR_VIEWER, VISITOR_OR_VIEWER_OF_SOME
from server.storage.accounts import session_id
from server.storage.people import AccountRow

router = APIRouter(tags=["sessions"])
User = Annotated[Short | None, Query(description="An account's id, or `all`: for administrators.")]


class CompanyBody(Body):
    """What the identity provider's redirect carried."""

    code: Annotated[Clean, Field(min_length=1, max_length=4000)]
    state: Annotated[Clean, Field(min_length=1, max_length=400)]
    iss: Annotated[Clean, Field(max_length=500)] | None = None


@router.post("/sessions", dependencies=[PUBLIC], status_code=201)
async def sign_in(body: SignInBody, request: Request, service: Serviced) -> dict[str, Any]:
    """A session for the single-use token of a sign-in link."""
    client = request.client.host if request.client else "unknown"
    return _opened(*await service.authority.sign_in(body.token, client))


@router.get("/sessions/oidc", dependencies=[PUBLIC])
async def company_accounts(service: Serviced) -> dict[str, Any]:
    """Whether one can sign in with a company account."""
    return {"configured": service.company.is_configured}


@router.post("/sessions/oidc/start", dependencies=[PUBLIC])
async def start_with_company_account(service: Serviced) -> dict[str, Any]:
    """Where a browser signs in; `state` is to be kept by that browser alone until it comes back."""
    address, state = await service.company.start()
    return {"address": address, "state": state}


@router.post("/sessions/oidc", dependencies=[PUBLIC], status_code=201)
async def sign_in_with_company_account(body: CompanyBody, service: Serviced) -> dict[str, Any]:
    """A session for what the identity provider sent the browser back with. 403 for somebody not known here."""
    return _opened(*await service.company.finish(body.code, body.state, body.iss))


@router.get("/sessions")
async def list_sessions(caller: ACCOUNT, service: Serviced, user: User = None) -> dict[str, Any]:
    """One's own open sessions, the last opened first."""
    own = session_id(caller.digest)
    rows = await service.members.sessions(caller, user)
    return listed([{**asdict(row), "current": row.id == own} for row in rows], None, len(rows))


@router.delete("/sessions")
async def end_other_sessions(caller: ACCOUNT, service: Serviced) -> dict[str, Any]:
    """Ends all of one's own sessions but this one."""
    return {"ended": await service.members.end_others(caller)}


@router.delete("/sessions/current", status_code=204)
async def sign_out(caller: VISITOR_OR_VIEWER, service: Serviced) -> None:
    """Ends the token of this very request."""
    await service.authority.end(caller)


@router.delete("/sessions/{session}", status_code=204)
async def end_session(session: IdInPath, caller: ACCOUNT, service: Serviced) -> None:
    """Ends a session of one's own; an administrator anybody's."""
    await service.members.end_session(caller, session)


@router.get("/me")
async def me(caller: VISITOR_OR_VIEWER_OF_SOME) -> dict[str, Any]:
    """Who the token belongs to, and what they may."""
    return {
        "kind": caller.kind,
        "id": caller.id,
        "role": caller.role,
        "name": caller.name,
        "trust": caller.trust if caller.kind == "visitor" else None,
        "personas": list(caller.personas) if caller.personas is not None else None,
    }


def _opened(token: str, account: AccountRow, ends: str) -> dict[str, Any]:
    return {"token": token, "expires_at": ends, "account": asdict(account)}
