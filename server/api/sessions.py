"""Sign-in by link, sign-out, and who am I."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from server.api.service import Serviced
from server.api.shapes import SignInBody
from server.auth.rules import PUBLIC, VISITOR_OR_VIEWER

router = APIRouter(tags=["sessions"])


@router.post("/sessions", dependencies=[PUBLIC], status_code=201)
async def sign_in(body: SignInBody, request: Request, service: Serviced) -> dict[str, Any]:
    """A session for the single-use token of a sign-in link."""
    client = request.client.host if request.client else "unknown"
    token, account, ends = await service.authority.sign_in(body.token, client)
    return {
        "token": token,
        "expires_at": ends,
        "account": {"id": account.id, "email": account.email, "role": account.role},
    }


@router.delete("/sessions/current", status_code=204)
async def sign_out(caller: VISITOR_OR_VIEWER, service: Serviced) -> None:
    """Ends the token of this very request."""
    await service.authority.end(caller)


@router.get("/me")
async def me(caller: VISITOR_OR_VIEWER) -> dict[str, Any]:
    """Who the token belongs to, and what they may."""
    return {
        "kind": caller.kind,
        "id": caller.id,
        "role": caller.role,
        "name": caller.name,
        "trust": caller.trust if caller.kind == "visitor" else None,
    }
