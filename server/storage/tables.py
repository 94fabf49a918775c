"""The server's own tables.

Times are RFC 3339 text in UTC with milliseconds, so they sort as text; JSON is kept as text, since the
turn writes it as bytes it already has. Ids are 128 random bits unless a customer system made them.
"""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class Customer(SQLModel, table=True):
    """Who somebody is: a visitor made by the server, or a verified user of a customer system."""

    __tablename__ = "customer"
    id: str = Field(primary_key=True)
    trust: str
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    channel: str | None = None
    page: str | None = None
    created_at: str


class Account(SQLModel, table=True):
    """A person who works with the console."""

    __tablename__ = "account"
    id: str = Field(primary_key=True)
    email: str = Field(unique=True)
    role: str
    created_at: str
    disabled_at: str | None = None


class Credential(SQLModel, table=True):
    """A token, known only by its SHA-256. `kind`: visitor, session, key or signin, and oidc for a used sign-in.

    `personas` are those that a key is for, as JSON; null means all.
    """

    __tablename__ = "credential"
    digest: str = Field(primary_key=True)
    kind: str
    subject: str = Field(index=True)
    role: str
    name: str = ""
    trust: str = "anonymous"
    created_at: str
    expires_at: str | None = None
    used_at: str | None = None
    ended_at: str | None = None
    personas: str | None = None


class Conversation(SQLModel, table=True):
    """One conversation of one customer with one persona; `state` is the planner's memory as JSON."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("conversation_by_user", "user_id", "persona", "updated_at"),
        Index("conversation_by_time", "updated_at", "id"),
    )
    id: str = Field(primary_key=True)
    user_id: str
    persona: str
    persona_version: int | None = None
    channel: str
    locale: str | None = None
    timezone: str | None = None
    test: bool = False
    status: str = "open"
    turns: int = 0
    state: str = "{}"
    created_at: str
    updated_at: str


class Turn(SQLModel, table=True):
    """One turn. `answer` is the chat answer as sent, set together with `status` done, failed, or waiting.

    `before` is JSON of what a test or console turn found, by which it can be taken back.
    """

    __tablename__ = "turn"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("user_id", "client_message_id"),
    )
    id: str = Field(primary_key=True)
    conversation_id: str
    user_id: str
    seq: int
    client_message_id: str | None = None
    body_digest: str
    status: str
    persona_version: int
    fingerprint: str
    model: str
    answer: str | None = None
    last_event: int = 0
    trace: str | None = None
    before: str | None = None
    created_at: str
    ended_at: str | None = None


class MessageRow(SQLModel, table=True):
    """A message; a conversation reads in the order of (turn_seq, part)."""

    __tablename__ = "message"
    __table_args__ = (Index("message_in_order", "conversation_id", "turn_seq", "part"),)
    id: str = Field(primary_key=True)
    conversation_id: str
    turn_id: str
    turn_seq: int
    part: int
    role: str
    text: str
    images: str = "[]"
    at: str


class Lead(SQLModel, table=True):
    """One lead a user and persona; those of test chats stand apart."""

    __tablename__ = "lead"
    __table_args__ = (
        UniqueConstraint("user_id", "persona", "test"),
        Index("lead_by_time", "test", "created_at", "id"),
    )
    id: str = Field(primary_key=True)
    user_id: str
    persona: str
    test: bool = False
    stage: str
    exit: str | None = None
    contact: bool = False
    opted_out: bool = False
    sync: str = "ok"
    created_at: str
    updated_at: str


class LeadField(SQLModel, table=True):
    """The value of one field in force, with where it came from."""

    __tablename__ = "lead_field"
    lead_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str
    normalised: str
    by: str
    quote: str = ""
    message_id: str | None = None
    confidence: float = 1.0
    plausible: bool = True
    at: str


class LeadChange(SQLModel, table=True):
    """What a field held before, or who edited it: the history of a lead."""

    __tablename__ = "lead_change"
    __table_args__ = (Index("lead_change_by_lead", "lead_id", "at"),)
    id: str = Field(primary_key=True)
    lead_id: str
    name: str
    value: str | None
    by: str
    actor: str = ""
    at: str


class MissedRow(SQLModel, table=True):
    """Contact data that was said and not stored, with the reason.

    `status`: open, accepted or dismissed; `undo` is JSON of what an acceptance replaced.
    """

    __tablename__ = "missed"
    __table_args__ = (Index("missed_by_time", "test", "at", "id"),)
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    persona: str
    conversation_id: str
    message_id: str
    field: str | None = None
    text: str
    reason: str
    test: bool = False
    at: str
    status: str = Field(default="open", sa_column_kwargs={"server_default": "open"})
    undo: str | None = None


class Unanswered(SQLModel, table=True):
    """A customer's question that knowledge had no answer for."""

    __tablename__ = "unanswered"
    __table_args__ = (Index("unanswered_by_time", "test", "at", "id"),)
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    persona: str
    conversation_id: str
    message_id: str
    text: str
    test: bool = False
    at: str


class PluginCall(SQLModel, table=True):
    """The audit of the door: every call, refused ones too."""

    __tablename__ = "plugin_call"
    __table_args__ = (Index("plugin_call_by_plugin", "plugin", "at"),)
    id: str = Field(primary_key=True)
    turn_id: str | None = None
    conversation_id: str | None = Field(default=None, index=True)
    user_id: str = Field(index=True)
    plugin: str
    function: str
    forced: bool
    effect: str
    trust: str
    status: str
    arguments: str
    error: str | None = None
    milliseconds: float
    bytes: int
    at: str


class Feedback(SQLModel, table=True):
    """A thumb up or down for one answer; the last word of the customer counts."""

    __tablename__ = "feedback"
    message_id: str = Field(primary_key=True)
    conversation_id: str
    user_id: str = Field(index=True)
    score: int
    comment: str | None = None
    at: str


class PersonaVersion(SQLModel, table=True):
    """The text of each version that was ever live."""

    __tablename__ = "persona_version"
    persona: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    digest: str
    fingerprint: str
    yaml: str
    note: str = ""
    author: str = ""
    created_at: str


class PersonaDraft(SQLModel, table=True):
    """The draft of a persona; `yaml` is null when there is none, the counter of revisions stays."""

    __tablename__ = "persona_draft"
    persona: str = Field(primary_key=True)
    revision: int
    base_version: int
    yaml: str | None
    author: str = ""
    updated_at: str


class PersonaAside(SQLModel, table=True):
    """A text of a persona that was refused since somebody else's stands: kept for the person who wrote it."""

    __tablename__ = "persona_aside"
    persona: str = Field(primary_key=True)
    principal: str = Field(primary_key=True)
    yaml: str
    updated_at: str


class Outbox(SQLModel, table=True):
    """Work that turns left to do, written in the turn's own commit."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_due", "status", "due_at"),)
    id: str = Field(primary_key=True)
    kind: str
    user_id: str = Field(index=True)
    payload: str
    status: str = "waiting"
    attempts: int = 0
    due_at: str
    error: str | None = None
    created_at: str
    ended_at: str | None = None


class Audit(SQLModel, table=True):
    """Who did what: changes, and looks at personal data."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_time", "at"),)
    id: str = Field(primary_key=True)
    actor: str
    action: str
    object: str
    detail: str = ""
    at: str


class Scratch(SQLModel, table=True):
    """What test chats wrote, kept apart from what it would have changed."""

    __tablename__ = "scratch"
    conversation_id: str = Field(primary_key=True)
    plugin: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    data: str


class Secret(SQLModel, table=True):
    """A secret of plugins that was set in the console, encrypted; `hosts` is a JSON list."""

    __tablename__ = "secret"
    name: str = Field(primary_key=True)
    hosts: str
    ciphertext: str
    updated_at: str
    updated_by: str


class Kept(SQLModel, table=True):
    """Small things the server keeps for itself: marks of plugin tables, first start."""

    __tablename__ = "kept"
    name: str = Field(primary_key=True)
    value: str


class McpTool(SQLModel, table=True):
    """A tool of an MCP server: its definition as approved, and as the server last told it; both as canonical JSON."""

    __tablename__ = "mcp_tool"
    plugin: str = Field(primary_key=True)
    tool: str = Field(primary_key=True)
    approved: str | None = None
    approved_by: str | None = None
    approved_at: str | None = None
    seen: str | None = None
    seen_at: str


class Confirmation(SQLModel, table=True):
    """A call that a customer is asked to confirm; `arguments` is JSON, `digest` that of the plugin's file."""

    __tablename__ = "confirmation"
    id: str = Field(primary_key=True)
    conversation_id: str = Field(index=True)
    user_id: str = Field(index=True)
    turn_id: str
    turn_seq: int
    plugin: str
    digest: str
    function: str
    arguments: str
    status: str
    answered_turn: str | None = None
    at: str


OWN_TABLES: frozenset[str] = frozenset(SQLModel.metadata.tables) | {"alembic_version"}
