"""What a plugin file may say, as models that refuse unknown keys: one model a kind, and what all functions share.

These models are the single source of the JSON Schema (`rapport schema plugin`) and of the reference page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from server.catalog.auth_shape import HttpAuth
from server.catalog.spec import Effect, FunctionName, Identifier, Name, Spec, Text, Trust

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

    title: Text | None = Field(None, description="What customers are told it does, when they are asked to confirm.")
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


# --- what every file may say ------------------------------------------------------------------------------


class Expect(Spec):
    """What has to come of an example; all that is said has to hold."""

    status: Literal["ok", "failed", "refused", "timeout", "waiting"] = Field("ok", description="How the call ends.")
    select: str | None = Field(None, min_length=1, description="A JMESPath expression: hold only this to the rest.")
    contains: str | None = Field(None, min_length=1, description="A text in the result, or in the reason of a failure.")
    equals: Any = Field(None, description="The whole result; null counts when it is written.")


class Example(Spec):
    """One call of a function as a model would make it, which `rapport test` runs."""

    name: str | None = Field(None, min_length=1, max_length=200, description="What it shows, for people.")
    function: FunctionName = Field(description="The function's name as the model sees it.")
    args: dict[str, Any] = Field(default_factory=dict, description="What the model would send.")
    as_user: str | None = Field(None, min_length=1, max_length=200, description="A verified customer; else anonymous.")
    expect: Expect = Field(default_factory=Expect, description="What has to come of it; default that it works.")
    answer: Any = Field(None, description="A recorded answer, which `mock: true` gives instead of a call.")

    @property
    def answered(self) -> bool:
        """Whether an answer was recorded, be it null."""
        return "answer" in self.model_fields_set


class PluginFile(Spec):
    """What every plugin file may say, whatever its kind."""

    examples: list[Example] = Field(default_factory=list, max_length=500, description="Calls that `rapport test` runs.")
    mock: bool = Field(False, description="Answer with the examples' recorded answers; the service is not called.")


# --- kind: http -------------------------------------------------------------------------------------------


class Style(Spec):
    """How an argument that may be a list or an object is written, in the words of OpenAPI."""

    style: Literal[
        "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject", "json"
    ]
    explode: bool = Field(False, description="Each value on its own instead of all joined.")
    name: str | None = Field(None, description="For `matrix`: the name in the path; default the argument's.")
    reserved: bool = Field(False, description="Leave `/`, `:`, `,` and their like as they are.")


class Request(Spec):
    """One HTTP request; any string in it may hold references such as ${args.name}."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field("", description="Joined to base_url; each reference becomes one encoded segment.")
    query: Slots = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    cookies: Slots = Field(default_factory=dict)
    styles: dict[str, Style] = Field(default_factory=dict, description="By argument, wherever it stands whole.")
    body: Any = Field(None, description="Sent as JSON.")
    form: Slots | None = Field(None, description="Sent as application/x-www-form-urlencoded.")
    multipart: Slots | None = Field(None, description="Sent as multipart/form-data.")
    files: Slots = Field(default_factory=dict, description="Files beside `multipart`: a text or a data: URL each.")
    text: str | None = Field(None, description="Sent as it is; say the Content-Type under `headers`.")
    binary: str | None = Field(None, description="Sent as bytes: those of a data: URL, else the text's own.")

    @model_validator(mode="after")
    def _one_body(self) -> Request:
        bodies = (self.body, self.form, self.multipart, self.text, self.binary)
        if sum(body is not None for body in bodies) > 1:
            raise ValueError("only one of body, form, multipart, text and binary may be given")
        if self.files and self.multipart is None:
            raise ValueError("`files` stand beside `multipart`, which may be empty: multipart: {}")
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


class HttpService(PluginFile):
    """How a service over HTTP is reached; shared by the kinds that do."""

    headers: dict[str, str] = Field(default_factory=dict)
    auth: HttpAuth | None = Field(
        None, description="One of {basic: …}, {bearer: …}, {digest: …}, {api_key: …}, {oauth2: …}."
    )
    identity: bool = Field(False, description="Send a signed token that says who the customer is.")

    @property
    def auth_written(self) -> dict[str, Any] | None:
        """`auth` as plain values, only what is written."""
        return self.auth.model_dump(exclude_unset=True) if self.auth else None


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


# --- kind: openapi ----------------------------------------------------------------------------------------


class OpenApiFunction(FunctionOptions):
    """What an operation of the description is told to do otherwise."""

    name: FunctionName | None = Field(None, description="Default made of the operation's id.")
    effect: Effect | None = Field(None, description="Default read for GET and HEAD, else write.")


class OpenApiPlugin(HttpService):
    """Operations of an OpenAPI or Swagger description as functions. `plugins.d/NAME.yaml`."""

    kind: Literal["openapi"]
    description: str = ""
    spec: str = Field(min_length=1, description="A file beside the plugin, or an https address.")
    base_url: str | None = Field(None, description="Instead of the description's own servers.")
    operations: list[str] | None = Field(None, min_length=1, description="Ids; default every GET.")
    bind: dict[str, str] = Field(
        default_factory=dict, description="Parameters that the server fills, such as {userId: '${user.id}'}."
    )
    functions: dict[str, OpenApiFunction] = Field(default_factory=dict, description="Options by operation id.")
    _carried: tuple[HttpFunction, ...] = PrivateAttr(())
    _address: str = PrivateAttr("")
    _kept: Path | None = PrivateAttr(None)

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        return None if value is None else absolute(value)

    @field_validator("spec")
    @classmethod
    def _file_or_address(cls, value: str) -> str:
        return absolute(value) if "://" in value else value

    def with_functions(
        self, functions: tuple[HttpFunction, ...], address: str, kept: Path | None = None
    ) -> OpenApiPlugin:
        """The same with the operations that were found in its description, and the address they are at.

        `kept` is where the copy of a description that has to be fetched belongs.
        """
        made = self.model_copy()
        made._carried, made._address, made._kept = functions, address, kept
        return made

    @property
    def kept(self) -> Path | None:
        """Where the copy of the fetched description is; None for a file."""
        return self._kept

    @property
    def carried(self) -> tuple[HttpFunction, ...]:
        """The operations as functions; none before the description was read."""
        return self._carried

    @property
    def over_http(self) -> HttpPlugin | None:
        """The same plugin as one of kind `http`, None while it has no function."""
        if not self._carried:
            return None
        shared = {name: getattr(self, name) for name in HttpService.model_fields}
        return HttpPlugin(
            kind="http", description=self.description, base_url=self._address, functions=list(self._carried), **shared
        )


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


class TablePlugin(PluginFile):
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


# --- kind: mcp --------------------------------------------------------------------------------------------


class McpFunction(FunctionOptions):
    """What the file says of one tool; its arguments are the server's."""

    name: FunctionName | None = Field(None, description="What the model sees; default the tool's own name.")
    effect: Effect = Field("write", description="read or write; what a server says of itself is not believed.")


class McpPlugin(HttpService):
    """Tools of an MCP server as functions. `plugins.d/NAME.yaml`."""

    kind: Literal["mcp"]
    description: str = ""
    url: str | None = Field(None, description="The server's address, by streamable HTTP.")
    command: str | None = Field(None, min_length=1, description="A program to start; needs RAPPORT_ALLOW_STDIO=1.")
    args: list[str] = Field(default_factory=list, description="Arguments of `command`.")
    env: dict[str, str] = Field(default_factory=dict, description="The whole environment of `command`.")
    tools: list[Annotated[str, Field(min_length=1, max_length=128)]] = Field(
        min_length=1, max_length=200, description="The tools that may be used; each has to be approved, too."
    )
    functions: dict[str, McpFunction] = Field(default_factory=dict, description="Options by the tool's name.")
    bind: dict[str, str] = Field(default_factory=dict, description="Arguments that the server fills, for every tool.")

    @field_validator("url")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        return value if value is None else absolute(value)

    @model_validator(mode="after")
    def _one_way(self) -> McpPlugin:
        if (self.url is None) == (self.command is None):
            raise ValueError("needs either `url` or `command`")
        if self.url is not None and (self.args or self.env):
            raise ValueError("`args` and `env` belong to `command`, not to `url`")
        if self.command is not None and (self.headers or self.auth or self.identity):
            raise ValueError("`headers`, `auth` and `identity` belong to `url`, not to `command`")
        return self


def tool_function(spec: McpPlugin, tool: str) -> str:
    """The function that a tool becomes: as named in the file, else the tool's name in characters models take."""
    named = spec.functions.get(tool)
    return (named.name if named else None) or re.sub(r"[^A-Za-z0-9_-]", "_", tool)[:64]


# --- kind: sql --------------------------------------------------------------------------------------------


class SqlLimits(Spec):
    """Bounds of one statement."""

    rows: int = Field(100, ge=1, le=1_000, description="Rows; what is more is left out with a note.")
    bytes: int = Field(64_000, ge=1_000, le=1_000_000, description="Bytes of all values together.")
    seconds: float = Field(1.0, ge=0.05, le=30, description="Seconds; a slower statement is cut.")


class SqlFunction(FunctionOptions):
    """`describe` or `query`, under the name that the model sees."""

    name: FunctionName


class SqlFunctions(Spec):
    """`describe` shows the model the tables that it may read, `query` takes one SELECT of its own."""

    describe: SqlFunction | None = None
    query: SqlFunction | None = None


class SqlStatement(FunctionOptions):
    """One SELECT written in the file; the model fills nothing but its parameters."""

    name: FunctionName
    sql: str = Field(min_length=1, description="One SELECT; `:name` is a parameter, or a column of `bind`.")
    parameters: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}, "additionalProperties": False},
        description="JSON Schema of the arguments, exactly what the model sees.",
    )


class SqlPlugin(PluginFile):
    """Questions in SQL over tables of a database, read only. `plugins.d/NAME.yaml`."""

    kind: Literal["sql"]
    description: str = ""
    database: str | None = Field(None, description="Default the server's own; else ${secret.NAME}.")
    dialect: Literal["sqlite", "postgresql", "mysql"] | None = Field(
        None, description="How statements are checked without the database; MariaDB is mysql."
    )
    role: Identifier | None = Field(None, description="PostgreSQL: the read-only role that statements run as.")
    tables: list[Identifier] = Field(min_length=1, max_length=100, description="The tables that may be read.")
    bind: dict[Identifier, str] = Field(
        default_factory=dict, description="Only rows where this column is this: {userid: '${user.id}'}."
    )
    shared: list[Identifier] = Field(default_factory=list, description="Tables of which everybody may see all rows.")
    limits: SqlLimits = Field(default_factory=SqlLimits)
    functions: SqlFunctions = Field(default_factory=SqlFunctions)
    statements: list[SqlStatement] = Field(default_factory=list, max_length=100, description="Fixed statements.")

    @model_validator(mode="after")
    def _offers(self) -> SqlPlugin:
        if not (self.functions.describe or self.functions.query or self.statements):
            raise ValueError("needs `functions` (describe, query) or `statements`")
        return self


PluginSpec = HttpPlugin | OpenApiPlugin | TablePlugin | McpPlugin | SqlPlugin
PLUGIN_KINDS: dict[str, type[PluginSpec]] = {
    "http": HttpPlugin,
    "openapi": OpenApiPlugin,
    "table": TablePlugin,
    "mcp": McpPlugin,
    "sql": SqlPlugin,
}
