"""The rule on each route: who may call it, as a typed dependency. A route without one fails a test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from server.auth.authority import Authority
from server.auth.caller import Caller, Role
from server.errors import BadRequest, Forbidden, Unauthorised

Rule = Callable[[Request], Awaitable[Any]]
_RULES: dict[Any, str] = {}


def bearer(request: Request) -> str | None:
    """The token of the request, None without one. Two credentials raise BadRequest."""
    given = request.headers.getlist("authorization")
    others = [name for name in ("x-api-key", "api-key") if name in request.headers]
    if len(given) + len(others) > 1 or any("," in value for value in given):
        raise BadRequest("The request carries two credentials; send one `Authorization: Bearer` header.")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised("The Authorization header is not `Bearer` and a token.")
    return token


async def _caller(request: Request) -> Caller:
    token = bearer(request)
    if token is None:
        raise Unauthorised("This call needs a token in `Authorization: Bearer`.")
    authority: Authority = request.app.state.authority
    return await authority.caller(token)


def _registered(name: str, rule: Rule) -> Rule:
    _RULES[rule] = name
    return rule


def _role(least: Role) -> Rule:
    async def rule(request: Request) -> Caller:
        caller = await _caller(request)
        if not caller.may(least):
            raise Forbidden(f"This needs the role {least}; you have {caller.role}.")
        return caller

    return _registered(least, rule)


async def _public(request: Request) -> None:
    bearer(request)


async def may_chat(request: Request) -> Caller:
    """The rule of the chat: a visitor, or an editor."""
    caller = await _caller(request)
    if caller.kind != "visitor" and not caller.may("editor"):
        raise Forbidden(f"Chatting needs a visitor's token or the role editor; you have {caller.role}.")
    return caller


async def _customer_alone(request: Request) -> Caller:
    caller = await _caller(request)
    if caller.kind != "visitor":
        raise Forbidden("This is for a visitor's own token.")
    return caller


async def _customer_or_viewer(request: Request) -> Caller:
    return await _caller(request)


PUBLIC = Depends(_registered("public", _public))
VISITOR = Annotated[Caller, Depends(_registered("visitor", _customer_alone))]
CHATTER = Annotated[Caller, Depends(_registered("visitor or editor", may_chat))]
VISITOR_OR_VIEWER = Annotated[Caller, Depends(_registered("visitor or viewer", _customer_or_viewer))]
VIEWER = Annotated[Caller, Depends(_role("viewer"))]
EDITOR = Annotated[Caller, Depends(_role("editor"))]
DEVELOPER = Annotated[Caller, Depends(_role("developer"))]
ADMIN = Annotated[Caller, Depends(_role("admin"))]


def rule_of(dependant: Any) -> str | None:
    """The name of the rule among a route's dependencies, None when it has none."""
    for inner in dependant.dependencies:
        found = _RULES.get(inner.call) or rule_of(inner)
        if found:
            return found
    return None
