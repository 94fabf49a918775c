"""People of the house, keys of programs, and the audit: for administrators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints

from server.api.service import Serviced
from server.api.shapes import Body, Clean, IdInPath, Paged, Search, Short, listed, moment
from server.auth.rules import ADMIN
from server.errors import NotFound
from server.service import Service
from server.storage import audit
from server.storage.audit import AuditFilter
from server.storage.people import AccountRow

router = APIRouter(tags=["people"])
RoleName = Literal["viewer", "editor", "developer", "admin"]
Name = Annotated[Clean, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class InviteBody(Body):
    """A new person."""

    email: Annotated[Clean, StringConstraints(max_length=250)]
    role: RoleName


class RoleBody(Body):
    """What a person may do from now on."""

    role: RoleName


class KeyBody(Body):
    """A key for a program: `trust: verified` lets it vouch for its users; `personas` left out means all."""

    name: Name
    role: RoleName
    trust: Literal["anonymous", "verified"] = "anonymous"
    personas: Annotated[list[Short], Field(min_length=1, max_length=50)] | None = None


@router.get("/accounts")
async def list_accounts(caller: ADMIN, service: Serviced) -> dict[str, Any]:
    """The people who may sign in, by e-mail."""
    items = [asdict(row) for row in await service.members.everyone()]
    return listed(items, None, len(items))


@router.post("/accounts", status_code=201)
async def invite(body: InviteBody, caller: ADMIN, service: Serviced) -> dict[str, Any]:
    """A new person with their single-use link, which is shown this once and good for three days."""
    return _linked(service, *await service.members.invite(caller, body.email, body.role))


@router.post("/accounts/{account_id}/link", status_code=201)
async def new_link(account_id: IdInPath, caller: ADMIN, service: Serviced) -> dict[str, Any]:
    """Another single-use link for a person; those not used yet end."""
    return _linked(service, *await service.members.new_link(caller, account_id))


@router.patch("/accounts/{account_id}")
async def change_role(account_id: IdInPath, body: RoleBody, caller: ADMIN, service: Serviced) -> dict[str, Any]:
    """Changes what a person may do, at once; 409 for the last administrator."""
    return asdict(await service.members.set_role(caller, account_id, body.role))


@router.delete("/accounts/{account_id}", status_code=204)
async def remove_account(account_id: IdInPath, caller: ADMIN, service: Serviced) -> None:
    """Removes a person; their sessions and links end at once. 409 for the last administrator."""
    await service.members.remove(caller, account_id)


@router.get("/keys")
async def list_keys(caller: ADMIN, service: Serviced) -> dict[str, Any]:
    """The API keys in force, without the keys themselves, the newest first."""
    items = [{**asdict(row), "fixed": row.id == "admin"} for row in await service.members.keys()]
    return listed(items, None, len(items))


@router.post("/keys", status_code=201)
async def new_key(body: KeyBody, caller: ADMIN, service: Serviced) -> dict[str, Any]:
    """A new API key, shown this once."""
    personas = tuple(dict.fromkeys(body.personas)) if body.personas is not None else None
    known = {state.name for state in service.catalog.personas()}
    for name in personas or ():
        if name not in known:
            raise NotFound(f"There is no persona `{name}`.")
    key_id, key = await service.members.new_key(caller, body.name, body.role, body.trust, personas)
    return {"id": key_id, "key": key}


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(key_id: IdInPath, caller: ADMIN, service: Serviced) -> None:
    """Ends a key at once; 403 for the one of the settings."""
    await service.members.end_key(caller, key_id)


@router.get("/audit")
async def list_audit(
    caller: ADMIN,
    service: Serviced,
    paging: Paged,
    q: Search = None,
    actor: Short | None = None,
    action: Short | None = None,
    since: Annotated[Short | None, Query(alias="from", description="First day or moment.")] = None,
    until: Annotated[Short | None, Query(alias="to", description="Moment before which it was.")] = None,
) -> dict[str, Any]:
    """Who did what and who looked at what, the newest first. Looks are one line for each person, thing and hour."""
    narrow = AuditFilter(q, actor, action, moment(since, "from"), moment(until, "to"))
    rows, following, total = await service.database.read(lambda tx: audit.page(tx, narrow, paging))
    return listed([asdict(row) for row in rows], following, total)


def _linked(service: Service, account: AccountRow, token: str, ends: str) -> dict[str, Any]:
    link = f"{service.settings.console_origin}/signin?token={token}"
    return {**asdict(account), "link": link, "link_expires_at": ends}
