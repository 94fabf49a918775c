"""What a persona and a plugin file may say, as models that refuse unknown keys.

These models are the single source of the JSON Schemas (`rapport schema`) and of the reference pages. They
check shape; `server.catalog.check` checks what needs more than one file or the world outside.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

NAME_PATTERN = r"^[a-z0-9_-]{1,64}$"
FUNCTION_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
IDENTIFIER_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
FunctionName = Annotated[str, StringConstraints(pattern=FUNCTION_PATTERN)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
Trust = Literal["anonymous", "claimed", "verified"]
Effect = Literal["read", "write"]
FieldType = Literal["text", "email", "phone", "wechat", "datetime", "number", "choice"]
Meaning = Literal["company", "product", "account", "name"]
CONTACT_TYPES: frozenset[str] = frozenset({"email", "phone", "wechat"})

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _is_text(value: object) -> object:
    if isinstance(value, dict):
        if not value:
            raise ValueError("needs at least one language, such as {en: …}")
        for language, words in value.items():
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                raise ValueError(f"`{language}` is not a language code such as en or zh")
            if not isinstance(words, str):
                raise ValueError(f"the text for `{language}` is not a string")
        return value
    if isinstance(value, str):
        return value
    raise ValueError("needs a text, or texts by language such as {en: …, zh: …}")


Text = Annotated[str | dict[str, str], BeforeValidator(_is_text)]
"""A text that a customer may see: one string for all languages, or a map by language code."""


def said_in(text: Text | None, language: str, otherwise: str = "") -> str:
    """The text in that language; a missing language falls back to the first one written."""
    if text is None:
        return otherwise
    if isinstance(text, str):
        return text
    return text.get(language) or text.get(language.split("-")[0]) or next(iter(text.values()))


class Spec(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=False)


class QuestionAnswer(Spec):
    """One pair of knowledge, written in the persona itself."""

    q: Text = Field(description="The question as a customer would put it.")
    a: Text = Field(description="The answer the persona may give.")


class Offer(Spec):
    """A promotion or related product that may be recommended, and when."""

    name: Name = Field(description="Unique in the persona; kept in the record.")
    text: Text = Field(description="What the customer is told, in each language.")
    product: str | None = Field(None, description="The product it belongs to.")
    from_: date | None = Field(None, alias="from", description="First day, in the persona's time zone.")
    to: date | None = Field(None, description="Last day, in the persona's time zone.")
    when: Literal["always", "asked_price", "asked_product", "helped", "buying"] = Field(
        "helped", description="The condition under which it may be recommended."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Offer:
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError(f"`from` ({self.from_}) is after `to` ({self.to})")
        return self


class Into(Spec):
    """The plugin that mirrors the lead."""

    plugin: Name
    get: FunctionName | None = Field(None, description="Its reading function; default the plugin's `get`.")
    set: FunctionName | None = Field(None, description="Its writing function; default the plugin's `set`.")


class CollectField(Spec):
    """One thing worth knowing about the customer."""

    name: Identifier = Field(description="The field's name in the lead, the API and the export.")
    type: FieldType = Field(description="What a value looks like; decides how it is found and normalised.")
    means: Meaning | None = Field(None, description="What a text field holds, when its name does not say so.")
    label: Text | None = Field(None, description="What people call it in the console; default the name.")
    ask: Text | None = Field(None, description="An example question, in each language, that says why.")
    weight: float = Field(1.0, ge=0, le=10, description="How much we want it.")
    sensitivity: float = Field(0.3, ge=0, le=3, description="How much people mind being asked.")
    alternative: Identifier | None = Field(None, description="An easier field to offer instead.")
    column: Identifier | None = Field(None, description="Its name in the mirror, when that differs.")
    contact: bool | None = Field(None, description="Whether having it makes the lead a captured contact.")
    options: list[Text] | None = Field(None, description="The choices of a `choice` field.")

    @model_validator(mode="after")
    def _fits_its_type(self) -> CollectField:
        if self.contact is not None and self.type not in CONTACT_TYPES:
            raise ValueError("`contact` is for fields of type email, phone or wechat")
        if (self.type == "choice") != bool(self.options):
            raise ValueError("`options` belongs to a field of type choice, which needs at least one")
        if self.means and self.type != "text":
            raise ValueError("`means` is for fields of type text")
        return self

    @property
    def is_contact(self) -> bool:
        """Whether a value makes the lead reachable."""
        return self.type in CONTACT_TYPES and self.contact is not False

    @property
    def meaning(self) -> str | None:
        """`company`, `product`, `account` or `name` when free text may hold it, else None."""
        if self.type != "text":
            return None
        return self.means or (self.name if self.name in ("company", "product", "account", "name") else None)


class Collect(Spec):
    """The lead: what is collected, why, how eagerly, and where it is mirrored."""

    into: Into | None = Field(None, description="The mirror: a plugin's name, or {plugin, get, set}.")
    purpose: Text | None = Field(None, description="Why we ask, in the persona's words.")
    proactivity: float | Literal["learn"] = Field(0.5, description="0 never asks … 1 eager; or `learn`.")
    qualified_when: list[Identifier] = Field(default_factory=list, description="Fields that qualify a lead.")
    fields: list[CollectField] = Field(default_factory=list, description="In the order of the form.")

    @field_validator("into", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        return {"plugin": value} if isinstance(value, str) else value

    @field_validator("proactivity", mode="after")
    @classmethod
    def _dial(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and not 0 <= value <= 1:
            raise ValueError("needs a number from 0 to 1, or `learn`")
        return value

    @model_validator(mode="after")
    def _names_agree(self) -> Collect:
        names = [field.name for field in self.fields]
        for name, times in Counter(names).items():
            if times > 1:
                raise ValueError(f"the field `{name}` is there twice")
        for field in self.fields:
            if field.alternative and field.alternative not in names:
                raise ValueError(f"`alternative: {field.alternative}` of `{field.name}` is no field here")
            if field.alternative == field.name:
                raise ValueError(f"`{field.name}` is its own alternative")
        for name in self.qualified_when:
            if name not in names:
                raise ValueError(f"`qualified_when` names `{name}`, which is no field here")
        return self

    @property
    def dial(self) -> float:
        """The proactivity as a number; `learn` runs at 0.5 until something has been learned."""
        return 0.5 if self.proactivity == "learn" else float(self.proactivity)


class Media(Spec):
    """What besides text a customer may send and be sent."""

    images: bool = False
    voice: bool = False
    image_generation: bool = False


class ModelSettings(Spec):
    """Passed to the model as they are."""

    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=1, le=100_000, description="Tokens of one answer.")
    top_p: float | None = Field(None, gt=0, le=1)


class Limits(Spec):
    """Bounds of one conversation turn and of a day's spending."""

    history_tokens: int = Field(6000, ge=0, le=1_000_000, description="Tokens of history sent to the model.")
    function_rounds: int = Field(4, ge=0, le=20, description="Rounds of function calls in one turn.")
    turn_seconds: float = Field(60, gt=0, le=600, description="Seconds for one whole answer.")
    cost_usd_per_day: float | None = Field(None, ge=0, description="US dollars a day.")


class PersonaSpec(Spec):
    """A persona: who answers, what it knows, what it asks for. `personas.d/NAME.yaml`."""

    title: Text | None = Field(None, description="The name customers see; default the file's name.")
    model: str | None = Field(None, min_length=1, description="A model string; default RAPPORT_MODEL.")
    fallbacks: list[str] = Field(default_factory=list, description="Models that answer when that one fails.")
    settings: ModelSettings = Field(default_factory=ModelSettings)
    timezone: str | None = Field(None, description="An IANA time zone, such as Asia/Shanghai.")
    greeting: Text | None = Field(None, description="Shown by the chat window before the first message.")
    suggestions: list[Text] = Field(default_factory=list, description="Things to say, offered as buttons.")
    prompt: str = Field(min_length=1, description="Who the assistant is and how it behaves.")
    knowledge: list[str | QuestionAnswer] = Field(
        default_factory=list, description="Files beside the persona, or question and answer pairs."
    )
    plugins: list[Name] = Field(default_factory=list, description="Plugins whose functions it may use.")
    offers: list[Offer] = Field(default_factory=list)
    collect: Collect = Field(default_factory=Collect)
    media: Media = Field(default_factory=Media)
    limits: Limits = Field(default_factory=Limits)
    tests: list[dict[str, Any]] = Field(default_factory=list, description="Regression cases.")
    handover: Any = Field(None, description="Reserved.")
    origins: Any = Field(None, description="Reserved.")
    openings: Any = Field(None, description="Reserved.")
    retention_days: Any = Field(None, description="Reserved.")
    consent: Any = Field(None, description="Reserved.")
    image_hosts: Any = Field(None, description="Reserved.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except Exception:
                raise ValueError(f"`{value}` is not an IANA time zone such as Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _unique(self) -> PersonaSpec:
        for what, names in (("offer", [o.name for o in self.offers]), ("plugin", list(self.plugins))):
            for name, times in Counter(names).items():
                if times > 1:
                    raise ValueError(f"the {what} `{name}` is there twice")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which the persona has texts, in the order written; ("en",) when it names none."""
        seen: dict[str, None] = {}
        texts = [self.title, self.greeting, *self.suggestions, self.collect.purpose]
        texts += [f.ask for f in self.collect.fields] + [o.text for o in self.offers]
        for text in texts:
            if isinstance(text, dict):
                seen.update(dict.fromkeys(text))
        return tuple(seen) or ("en",)
