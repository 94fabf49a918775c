"""The audit: who did what and who looked at what. For administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from console.client.shape import Page, Shape, page_of
from console.client.transport import Query, Transport

ROWS: Final = 50
ACTIONS: Final = (
    "sign_in",
    "sign_out",
    "join_by_company_account",
    "signin_link",
    "invite_person",
    "change_role",
    "remove_person",
    "end_session",
    "end_other_sessions",
    "make_key",
    "revoke_key",
    "secret_set",
    "secret_delete",
    "view_lead",
    "list_leads",
    "list_missed",
    "export_leads",
    "edit_lead",
    "accept_missed",
    "dismiss_missed",
    "reopen_missed",
    "erase_person",
    "view_conversation",
    "list_conversations",
    "take_back",
    "create_persona",
    "save_draft",
    "delete_draft",
    "drop_aside",
    "publish_persona",
    "rollback_persona",
    "archive_persona",
    "restore_persona",
    "put_knowledge",
    "delete_knowledge",
    "try_function",
    "approve_tool",
    "row_create",
    "row_update",
    "row_delete",
)
"""What the server writes down, in the order of the list to choose from."""


class Line(Shape):
    """One line. `object` names the thing that was changed or looked at."""

    id: str
    at: str
    actor: str
    action: str
    object: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What the list is narrowed to; `since` and `until` are RFC 3339."""

    q: str = ""
    actor: str = ""
    action: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether any filter is set."""
        return any((self.q, self.actor, self.action, self.since, self.until))


class Audit:
    """`/audit`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, wanted: AuditQuery, page: int) -> Page[Line]:
        """A page of lines, the newest first; `page` from 1."""
        query: Query = {
            "q": wanted.q,
            "actor": wanted.actor,
            "action": wanted.action,
            "from": wanted.since,
            "to": wanted.until,
            "page": page,
            "limit": ROWS,
        }
        return page_of(Line, self._transport.json("GET", "/audit", query=query))
