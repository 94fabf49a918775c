"""The table of vendors: which provider, address and key a model string leads to."""

from __future__ import annotations

import difflib
import os
import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from server.errors import WrongSetting
from server.llm.types import ModelFault

BUILT_IN = Path(__file__).with_name("vendors.yaml")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/-]{0,199}")
# Through these a request without an address, or without a key, would fall back to another vendor's.
_NEED_ADDRESS = frozenset({"openai", "azure", "hosted_vllm"})
# These start a sign-in at the server's terminal, which no persona may cause.
_REFUSED = frozenset({"chatgpt", "github_copilot"})

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+[^\s?#@]*$")]


class _Entry(BaseModel):
    """One vendor as the YAML says it."""

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    through: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")] = "openai"
    addresses: dict[str, Address] = Field(default_factory=dict)
    key_variables: list[Variable] = Field(default_factory=list)
    base_variables: list[Variable] = Field(default_factory=list)
    needs_key: bool = True
    default_model: Annotated[str, StringConstraints(pattern=f"^{_MODEL.pattern}$")] | None = None
    options: dict[str, Variable] = Field(default_factory=dict)
    docs: str = ""
    lane: Literal["fast", "litellm"] = "fast"


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor. `addresses` are by region, the default first; `default_model` is a whole model string."""

    name: str
    title: str
    through: str
    addresses: Mapping[str, str] = field(default_factory=dict)
    key_variables: tuple[str, ...] = ()
    base_variables: tuple[str, ...] = ()
    needs_key: bool = True
    default_model: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    docs: str = ""
    listed: bool = True
    is_fast: bool = True


@dataclass(frozen=True, slots=True)
class Access:
    """How a vendor is reached now. Without `base` it is litellm's own address of the provider."""

    key: str | None = field(repr=False)
    base: str | None
    options: Mapping[str, str]


def _environment() -> Mapping[str, str]:
    """The process's variables, and behind them those of `.env`, as the settings read them."""
    return ChainMap(os.environ, {name: value for name, value in dotenv_values(".env").items() if value})


class Vendors:
    """The vendors in the order of the table, with keys and addresses from the environment.

    `stored_key(name)` gives the key that was set in the console, if any; it wins over the environment.
    """

    def __init__(
        self,
        vendors: Mapping[str, Vendor],
        environ: Mapping[str, str] | None = None,
        stored_key: Callable[[str], str | None] | None = None,
    ) -> None:
        self._vendors = dict(vendors)
        self._environ = _environment() if environ is None else environ
        self._stored_key = stored_key or (lambda name: None)
        for vendor in self:
            region = self._region(vendor)
            if region and vendor.addresses and region not in vendor.addresses:
                known = " or ".join(vendor.addresses)
                raise WrongSetting(f"{_own(vendor.name)}_REGION is `{region}`; {vendor.title} has {known}")

    def __iter__(self) -> Iterator[Vendor]:
        return iter(self._vendors.values())

    def named(self, name: str) -> Vendor | None:
        return self._vendors.get(name)

    def of(self, model: str) -> tuple[Vendor, str]:
        """The vendor of a model string and the model's name there.

        A prefix that the table does not have is taken as litellm's provider. Raises ModelFault
        (`bad_request`) for a string that is no `NAME/MODEL`, so that no address or option travels in it.
        """
        name, _, rest = model.partition("/")
        if not rest or not _MODEL.fullmatch(model) or "//" in model or ".." in model:
            raise ModelFault("bad_request", model[:80], "a model is written VENDOR/MODEL, as openai/gpt-5-mini")
        if name in _REFUSED:
            raise ModelFault("bad_request", model, f"{name} asks for a sign-in at a terminal; use its API instead")
        return self._vendors.get(name) or _unlisted(name), rest

    def access(self, vendor: Vendor) -> Access:
        """Key and address in force. Raises ModelFault (`auth`, `bad_request`) naming the missing variable."""
        key, base = self._key(vendor), self._base(vendor)
        if vendor.listed and vendor.needs_key and key is None:
            raise ModelFault("auth", vendor.name, f"no key: set {self.key_variable(vendor)}")
        if vendor.listed and vendor.through in _NEED_ADDRESS and base is None:
            raise ModelFault("bad_request", vendor.name, f"no address: set {_own(vendor.name)}_BASE_URL")
        given = {name: self._value(variable) for name, variable in vendor.options.items()}
        # A placeholder, because litellm would fill in OpenAI's key and send it to this address.
        placed = key or ("none" if base is not None else None)
        return Access(placed, base, {name: value for name, value in given.items() if value})

    def is_connected(self, vendor: Vendor) -> bool:
        """Whether a request could be sent: the key is set, and the address where there is no usual one."""
        if vendor.needs_key and self._key(vendor) is None:
            return False
        return self.address_variable(vendor) is None or self._base(vendor) is not None

    def address_variable(self, vendor: Vendor) -> str | None:
        """The variable of the address, where there is no usual one and it has to be set."""
        if vendor.needs_key and vendor.through not in _NEED_ADDRESS:
            return None
        return _base_variables(vendor)[0]

    def key_variable(self, vendor: Vendor) -> str:
        """The variable to name when the key is missing."""
        return _key_variables(vendor)[0]

    def region_hint(self, vendor: Vendor) -> str | None:
        """What to try when a key is refused by a vendor whose regions have keys of their own."""
        if len(vendor.addresses) < 2 or self._first(_base_variables(vendor)):
            return None
        current = self._region(vendor) or next(iter(vendor.addresses))
        others = " or ".join(f"{_own(vendor.name)}_REGION={name}" for name in vendor.addresses if name != current)
        return f"a key belongs to one region: this is {current}; set {others} for another"

    def keeps(self, variable: str) -> bool:
        """Whether that environment variable holds a vendor's key, which goes to its vendor alone."""
        return any(variable in _key_variables(vendor) for vendor in self)

    def secrets(self) -> list[str]:
        """Every key in force, the longest first; what must not appear in any message."""
        keys = {key for vendor in self for key in (self._key(vendor), *map(self._value, _key_variables(vendor)))}
        return sorted((key for key in keys if key and len(key) >= 6), key=len, reverse=True)

    def _key(self, vendor: Vendor) -> str | None:
        return self._stored_key(vendor.name) or self._first(_key_variables(vendor))

    def _base(self, vendor: Vendor) -> str | None:
        given = self._first(_base_variables(vendor))
        usual = next(iter(vendor.addresses.values()), None)
        return given or vendor.addresses.get(self._region(vendor) or "", usual)

    def _region(self, vendor: Vendor) -> str | None:
        return self._value(f"{_own(vendor.name)}_REGION")

    def _first(self, variables: tuple[str, ...]) -> str | None:
        return next((value for value in map(self._value, variables) if value), None)

    def _value(self, variable: str) -> str | None:
        return self._environ.get(variable, "").strip() or None


def _own(name: str) -> str:
    return name.upper().replace("-", "_")


def _key_variables(vendor: Vendor) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*vendor.key_variables, f"{_own(vendor.name)}_API_KEY")))


def _base_variables(vendor: Vendor) -> tuple[str, ...]:
    return tuple(dict.fromkeys((f"{_own(vendor.name)}_BASE_URL", *vendor.base_variables)))


def _unlisted(name: str) -> Vendor:
    variables = (f"{_own(name)}_API_BASE",)
    return Vendor(name, name, name, base_variables=variables, listed=False)


def load_vendors(
    extra: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    stored_key: Callable[[str], str | None] | None = None,
) -> Vendors:
    """The built-in table, extended by the operator's file: its vendors come first, and a name that the table
    has takes over the keys the file does not give. Raises WrongSetting with the file and what is wrong."""
    built_in = _read(BUILT_IN)
    given = _read(extra) if extra is not None else {}
    raw = {name: {**built_in.get(name, {}), **entry} for name, entry in given.items()}
    vendors = {name: _vendor(extra or BUILT_IN, name, entry) for name, entry in raw.items()}
    vendors |= {name: _vendor(BUILT_IN, name, entry) for name, entry in built_in.items() if name not in vendors}
    return Vendors(vendors, environ, stored_key)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {}
    except OSError as error:
        raise WrongSetting(f"RAPPORT_VENDORS: {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise WrongSetting(f"{path}: a map of vendors by name is wanted, as `mine: {{addresses: …}}`")
    for name, entry in content.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in ("auto", "standin", "local"):
            raise WrongSetting(f"{path}: {name}: not a vendor's name (a-z, 0-9, _ and -)")
        if not isinstance(entry, dict):
            raise WrongSetting(f"{path}: {name}: a map of keys is wanted, as `{name}: {{title: …}}`")
    return content


def _vendor(path: Path, name: str, raw: Mapping[str, Any]) -> Vendor:
    try:
        entry = _Entry.model_validate(raw)
    except ValidationError as error:
        raise WrongSetting(f"{path}: {name}.{_words(error)}") from None
    return Vendor(
        name=name,
        title=entry.title or name,
        through=entry.through,
        addresses=entry.addresses,
        key_variables=tuple(entry.key_variables),
        base_variables=tuple(entry.base_variables),
        needs_key=entry.needs_key,
        default_model=f"{name}/{entry.default_model}" if entry.default_model else None,
        options=entry.options,
        docs=entry.docs,
        is_fast=entry.lane == "fast",
    )


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}"
    close = difflib.get_close_matches(where, _Entry.model_fields, 1)
    return f"{where}: not a key of a vendor" + (f"; did you mean {close[0]}?" if close else "")
