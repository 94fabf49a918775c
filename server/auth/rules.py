"""The rule on each route: who may call it, as a typed dependency. A route without one fails a test."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from server.auth.authority import Authority
from server.auth.caller import Caller, Role
from server.errors import BadRequest, Forbidden, Unauthorised

Rule = Callable[[Request], Awaitable[Any]]
_RULES: dict[Any, str] = {}


def _credential(request: Request) -> tuple[str, str] | None:
    """The one credential of the request as (scheme in lower case, rest). Two raise BadRequest."""
    given = request.headers.getlist("authorization")
    others = [name for name in ("x-api-key", "api-key") if name in request.headers]
    if len(given) + len(others) > 1 or any("," in value for value in given):
        raise BadRequest("The request carries two credentials; send one `Authorization: Bearer` header.")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    return scheme.lower(), token.strip()


def bearer(request: Request) -> str | None:
    """The token of the request, None without one. Two credentials raise BadRequest."""
    given = _credential(request)
    if given is None:
        return None
    scheme, token = given
    if scheme != "bearer" or not token:
        raise Unauthorised("The Authorization header is not `Bearer` and a token.")
    return token


async def _caller(request: Request) -> Caller:
    token = bearer(request)
    if token is None:
        raise Unauthorised("This call needs a token in `Authorization: Bearer`.")
    authority: Authority = request.app.state.authority
    return await authority.caller(token)


async def _data_caller(request: Request) -> Caller:
    """Whose token it is, or whose API key a Basic pair of key id and key is."""
    given = _credential(request)
    if given is None or given[0] != "basic":
        return await _whole_house(request)
    key_id, key = _pair(given[1])
    authority: Authority = request.app.state.authority
    caller = await authority.caller(key)
    if caller.kind != "key" or caller.id != key_id:
        raise Unauthorised("The user of a Basic pair is the id of the API key, its password the key itself.")
    return _unscoped(caller)


def _pair(token: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        user = colon = password = ""
    if not user or not colon or not password:
        raise Unauthorised("The Authorization header is `Basic` and no pair of key id and key.")
    return user, password


async def _whole_house(request: Request) -> Caller:
    """A caller who is not for some personas alone: such keys reach only what says that it can tell them apart."""
    return _unscoped(await _caller(request))


def _unscoped(caller: Caller) -> Caller:
    if caller.personas is not None:
        raise Forbidden("This key is for some personas alone; it reaches their chats, conversations and leads.")
    return caller


def _registered(name: str, rule: Rule) -> Rule:
    _RULES[rule] = name
    return rule


def _role(least: Role, whose: Callable[[Request], Awaitable[Caller]] = _whole_house) -> Rule:
    async def rule(request: Request) -> Caller:
        caller = await whose(request)
        if not caller.may(least):
            raise Forbidden(f"This needs the role {least}; you have {caller.role}.")
        return caller

    return _registered(least, rule)


async def _public(request: Request) -> None:
    bearer(request)


async def _data_public(request: Request) -> None:
    _credential(request)


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
    return await _whole_house(request)


async def _customer_or_viewer_of_some(request: Request) -> Caller:
    return await _caller(request)


async def _account(request: Request) -> Caller:
    caller = await _whole_house(request)
    if caller.kind != "account":
        raise Forbidden("This is for people who are signed in, not for keys.")
    return caller


PUBLIC = Depends(_registered("public", _public))
VISITOR = Annotated[Caller, Depends(_registered("visitor", _customer_alone))]
CHATTER = Annotated[Caller, Depends(_registered("visitor or editor", may_chat))]
VISITOR_OR_VIEWER_OF_SOME = Annotated[Caller, Depends(_registered("visitor or viewer", _customer_or_viewer_of_some))]
VIEWER_OF_SOME = Annotated[Caller, Depends(_role("viewer", _caller))]
EDITOR_OF_SOME = Annotated[Caller, Depends(_role("editor", _caller))]
"""Rules whose routes keep to the personas of a key that is for some alone."""
VISITOR_OR_VIEWER = Annotated[Caller, Depends(_registered("visitor or viewer", _customer_or_viewer))]
ACCOUNT = Annotated[Caller, Depends(_registered("account", _account))]
VIEWER = Annotated[Caller, Depends(_role("viewer"))]
EDITOR = Annotated[Caller, Depends(_role("editor"))]
DEVELOPER = Annotated[Caller, Depends(_role("developer"))]
ADMIN = Annotated[Caller, Depends(_role("admin"))]
DATA_PUBLIC = Depends(_registered("public", _data_public))
DATA_VIEWER = Annotated[Caller, Depends(_role("viewer", _data_caller))]
DATA_EDITOR = Annotated[Caller, Depends(_role("editor", _data_caller))]
"""The data service takes API keys as Basic pairs, too."""


def rule_of(dependant: Any) -> str | None:
    """The name of the rule among a route's dependencies, None when it has none."""
    for inner in dependant.dependencies:
        found = _RULES.get(inner.call) or rule_of(inner)
        if found:
            return found
    return None
