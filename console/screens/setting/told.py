"""What a line of the audit was about, in words of people: names stay, ids and codes go."""

from __future__ import annotations

import json

from console.client.audit import Line
from console.client.people import ROLES
from console.visit import language, say, say_of

_NO_NAME = frozenset(
    {
        "sign_in",
        "sign_out",
        "view_lead",
        "view_conversation",
        "take_back",
        "erase_person",
        "dismiss_missed",
        "reopen_missed",
    }
)
_DETAIL_ALONE = frozenset({"edit_lead", "accept_missed", "revoke_key"})
_WITH_ROLE = frozenset({"invite_person", "change_role"})
_LISTS = frozenset({"list_leads", "list_missed", "list_conversations"})
_ROWS = frozenset({"row_create", "row_update", "row_delete"})


def told(line: Line) -> str:
    """The line's thing and detail as one text, to be shown as text; empty when the action says it all."""
    match line.action:
        case action if action in _NO_NAME:
            return ""
        case action if action in _DETAIL_ALONE:
            return line.detail
        case action if action in _WITH_ROLE:
            return _joined(line.object, _role(line.detail))
        case action if action in _LISTS:
            return say("audit.everything") if line.object == "all" else line.object
        case action if action in _ROWS:
            return _joined(line.object, _columns(line.detail))
        case "join_by_company_account":
            return _role(line.detail)
        case "make_key":
            return _key(line.detail)
        case "approve_tool":
            return line.object
        case "publish_persona" | "create_persona" | "restore_persona":
            return _joined(_version(line.object), line.detail)
        case "rollback_persona":
            return _joined(_version(line.object), _back_to(line.detail))
        case "end_other_sessions":
            return line.detail
        case "export_leads":
            return line.object.upper()
        case _:
            return _joined(line.object, line.detail)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _role(role: str) -> str:
    return say_of("common.role", role) if role in ROLES else role


def _version(thing: str) -> str:
    """`guide 3` as the persona with its version."""
    name, _, version = thing.rpartition(" ")
    return _joined(name, say("audit.version", n=version)) if name and version.isdigit() else thing


def _back_to(detail: str) -> str:
    version = detail.removeprefix("to version ")
    return say("audit.back_to", n=version) if version.isdigit() else detail


def _key(detail: str) -> str:
    """`name · role · all` or the personas' names."""
    parts = detail.rsplit(" · ", 2)
    if len(parts) != 3:
        return detail
    name, role, scope = parts
    return _joined(name, _role(role), say("audit.everything") if scope == "all" else scope)


def _columns(detail: str) -> str:
    """The names of columns in a row's detail; what cannot be read is left out, since it is no text for people."""
    try:
        columns = json.loads(detail)["columns"]
    except (ValueError, KeyError, TypeError):
        return ""
    return ("、" if language() == "zh" else ", ").join(str(column) for column in columns)
