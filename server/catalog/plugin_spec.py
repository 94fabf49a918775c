"""What a plugin file may say, as models that refuse unknown keys: one model a kind, and what all functions share.

These models are the single source of the JSON Schema (`rapport schema plugin`) and of the reference page.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from server.catalog.spec import Effect, FunctionName, Identifier, Name, Spec, Trust

Slots = dict[str, Any]
Role = Literal["visitor", "viewer", "editor", "developer", "admin"]


# --- what every function may say -------------------------------------------------------------------------


class Allow(Spec):
    """Who may cause a call. What a customer lacks is not offered to the model at all."""

    trust: Trust | None = Field(None, description="The least trust in who the customer is.")
    roles: list[Role] | None = Field(None, min_length=1, description="Callers whose chats may use it; default all.")
    personas: list[Name] | None = Field(None, min_length=1, description="Personas that may use it; default all.")

    @model_validator(mode="after")
    def _says_something(self) -> Allow:
        if self.trust is None and self.roles is None and self.personas is None:
            raise ValueError("`allow` needs at least one of trust, roles and personas")
        return self


class CallLimits(Spec):
    """How often the model may cause a call that writes."""

    per_turn: int = Field(3, ge=1, le=100, description="Calls in one answer.")
    per_conversation: int = Field(20, ge=1, le=10_000, description="Calls in one conversation.")


class Result(Spec):
    """What of a result the model is shown."""

    select: str | None = Field(None, min_length=1, description="A JMESPath expression over the result.")
    max_chars: int = Field(4_000, ge=100, le=100_000, description="Characters; what is longer is cut with a note.")


class FunctionOptions(Spec):
    """What every function may say, whatever its kind."""

    description: str = Field("", description="What the model is told it does.")
    force_call: bool = Field(False, description="Called before the model is asked; bound values only.")
    cache_seconds: float = Field(0, ge=0, le=86_400, description="Seconds a forced result is kept.")
    timeout_seconds: float = Field(10, gt=0, le=120)
    allow: Allow | None = None
    confirm: bool = Field(False, description="Runs only on the customer's own yes to exactly these arguments.")
    limits: CallLimits = Field(default_factory=CallLimits, description="For a function that writes.")
    result: Result = Field(default_factory=Result)
    sensitive: list[str] = Field(default_factory=list, description="Arguments that the audit keeps as `***`.")

    @model_validator(mode="after")
    def _asked_first(self) -> FunctionOptions:
        if self.confirm and self.force_call:
            raise ValueError("`confirm` needs the customer's yes, which a function with `force_call` cannot wait for")
        return self


# --- kind: http -------------------------------------------------------------------------------------------


class Request(Spec):
    """One HTTP request; any string in it may hold references such as ${args.name}."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field("", description="Joined to base_url; each reference becomes one encoded segment.")
    query: Slots = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = Field(None, description="Sent as JSON.")
    form: Slots | None = Field(None, description="Sent as application/x-www-form-urlencoded.")
    multipart: Slots | None = Field(None, description="Sent as multipart/form-data.")

    @model_validator(mode="after")
    def _one_body(self) -> Request:
        bodies = [self.body is not None, self.form is not None, self.multipart is not None]
        if sum(bodies) > 1:
            raise ValueError("only one of body, form and multipart may be given")
        return self


class HttpFunction(FunctionOptions):
    """One function that the model may call, and the request it becomes."""

    name: FunctionName
    effect: Effect | None = Field(None, description="read or write; must be said unless GET or HEAD.")
    parameters: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}, "additionalProperties": False},
        description="JSON Schema of the arguments, exactly what the model sees.",
    )
    request: Request

    @model_validator(mode="after")
    def _effect_said(self) -> HttpFunction:
        if self.effect is None and self.request.method not in ("GET", "HEAD"):
            raise ValueError(f"a {self.request.method} request must say `effect: read` or `effect: write`")
        return self


class HttpService(Spec):
    """How a service over HTTP is reached; shared by the kinds that do."""

    headers: dict[str, str] = Field(default_factory=dict)
    auth: dict[str, Any] | None = Field(
        None, description="One of {basic: …}, {bearer: …}, {digest: …}, {api_key: …}, {oauth2: …}."
    )
    identity: bool = Field(False, description="Send a signed token that says who the customer is.")


class HttpPlugin(HttpService):
    """Functions over HTTP. `plugins.d/NAME.yaml`."""

    kind: Literal["http"] = "http"
    description: str = ""
    base_url: str = Field(description="Absolute; http or https.")
    functions: list[HttpFunction] = Field(min_length=1)

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return absolute(value)


def absolute(address: str) -> str:
    """The address as it is. Raises ValueError when it is not an absolute one over HTTP."""
    if not re.match(r"https?://[^/\s?#@]+", address):
        raise ValueError("needs an absolute address such as https://api.example.com/v1")
    return address


# --- kind: table ------------------------------------------------------------------------------------------

ColumnType = Literal["text", "integer", "number", "boolean", "datetime", "date"]


class TableColumn(Spec):
    """One column that the functions may read and write."""

    type: ColumnType = "text"
    max: int | None = Field(None, ge=1, le=100_000, description="Longest text, in characters.")
    description: str = ""


class TableFunction(FunctionOptions):
    """A function over the table, under the name that the model sees."""

    name: FunctionName
    timeout_seconds: float = Field(5, gt=0, le=120)


class TableFunctions(Spec):
    """`get` reads the row of the key, `set` writes it, `find` looks rows up by words."""

    get: TableFunction | None = None
    set: TableFunction | None = None
    find: TableFunction | None = None

    @model_validator(mode="after")
    def _any(self) -> TableFunctions:
        if not (self.get or self.set or self.find):
            raise ValueError("needs at least one of get, set and find")
        return self


class TablePlugin(Spec):
    """A table of a database as functions. `plugins.d/NAME.yaml`."""

    kind: Literal["table"]
    description: str = ""
    table: Identifier
    database: str | None = Field(None, description="Default the server's own; else ${secret.NAME}.")
    create: bool = Field(False, description="Create the table when it is not there.")
    rows: str | None = Field(None, description="A CSV file beside the plugin that fills the table.")
    key: dict[Identifier, str] = Field(default_factory=dict, description="{userid: '${user.id}'}")
    columns: dict[Identifier, TableColumn] = Field(min_length=1)
    functions: TableFunctions

    @model_validator(mode="after")
    def _fits(self) -> TablePlugin:
        if (self.functions.get or self.functions.set) and not self.key:
            raise ValueError("`get` and `set` need a `key`, such as {userid: '${user.id}'}")
        for name in self.key:
            if name in self.columns:
                raise ValueError(f"`{name}` is the key and cannot be a column too")
        return self


PluginSpec = HttpPlugin | TablePlugin
PLUGIN_KINDS: dict[str, type[HttpPlugin] | type[TablePlugin]] = {"http": HttpPlugin, "table": TablePlugin}
LATER_KINDS: frozenset[str] = frozenset({"openapi", "sql", "mcp"})
