"""The lead's fields as a list: adding, taking out, bringing back, moving and renaming, with all that refers to them.

Each function takes a plain spec and gives a changed copy; what is not a well-formed field is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Container
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import yaml

from console.screens.studio.bilingual import spoken
from console.screens.studio.inputs import list_at

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_ONLY_WITH = {"contact": ("email", "phone", "wechat"), "options": ("choice",), "means": ("text",)}


@dataclass(frozen=True, slots=True)
class Removed:
    """A field that was taken out, with its place and what referred to it."""

    field: dict[str, Any]
    index: int
    is_qualifying: bool
    alternative_of: tuple[str, ...]


def fields_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields, those that are no mapping as empty ones, so that places stay true."""
    return [field if isinstance(field, dict) else {} for field in list_at(spec, "collect", "fields")]


def title_of(field: dict[str, Any]) -> str:
    """What people call the field."""
    return spoken(field.get("label")) or str(field.get("name", ""))


def named_fields(spec: dict[str, Any]) -> dict[str, str]:
    """What people call each field, by name."""
    return {str(field["name"]): title_of(field) for field in fields_of(spec) if field.get("name")}


@cache
def common_fields() -> dict[str, dict[str, Any]]:
    """Fields that many need, ready with questions in both languages, by their name in the menu."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(
        FilePath(__file__).with_name("common_fields.yaml").read_text("utf-8")
    )
    return found


def _copy(spec: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    changed = deepcopy(spec)
    if not isinstance(changed.get("collect"), dict):
        changed["collect"] = {}
    if not isinstance(changed["collect"].get("fields"), list):
        changed["collect"]["fields"] = []
    return changed, changed["collect"]["fields"]


def with_field(spec: dict[str, Any], common: str) -> dict[str, Any]:
    """The spec with one of the common fields at the end, under a name that is free."""
    changed, fields = _copy(spec)
    field = deepcopy(common_fields()[common])
    taken, plain, count = set(named_fields(spec)), str(field["name"]), 1
    while field["name"] in taken:
        count += 1
        field["name"] = f"{plain}_{count}"
    if field.get("alternative") not in taken:
        field.pop("alternative", None)
    fields.append(field)
    return changed


def without_field(spec: dict[str, Any], index: int) -> tuple[dict[str, Any], Removed]:
    """The spec without the field and without what refers to it, and how to bring it back."""
    changed, fields = _copy(spec)
    field = fields.pop(index)
    name = field.get("name") if isinstance(field, dict) else None
    users = tuple(str(one["name"]) for one in fields_of(changed) if name and one.get("alternative") == name)
    for one in fields_of(changed):
        if one.get("name") in users:
            one.pop("alternative", None)
    qualifying = list_at(changed, "collect", "qualified_when")
    if is_qualifying := name in qualifying:
        qualifying.remove(name)
    return changed, Removed(field, index, is_qualifying, users)


def with_removed(spec: dict[str, Any], removed: Removed) -> dict[str, Any]:
    """The spec with the field back in its place; references come back where nothing else stands."""
    changed, fields = _copy(spec)
    name = removed.field.get("name")
    if name in named_fields(changed):
        return changed
    fields.insert(min(removed.index, len(fields)), deepcopy(removed.field))
    for one in fields_of(changed):
        if one.get("name") in removed.alternative_of:
            one.setdefault("alternative", name)
    if removed.is_qualifying:
        changed["collect"].setdefault("qualified_when", []).append(name)
    return changed


def moved(spec: dict[str, Any], index: int, by: int) -> dict[str, Any]:
    """The spec with the field moved by -1 or 1; unchanged at the ends."""
    changed, fields = _copy(spec)
    if 0 <= index + by < len(fields):
        fields[index], fields[index + by] = fields[index + by], fields[index]
    return changed


def renamed(spec: dict[str, Any], index: int, name: str, published: Container[str]) -> dict[str, Any] | None:
    """The spec with the field and all that refers to it renamed; None for a name that cannot be or is taken.

    A field that was published under its old name keeps that column where a plugin mirrors the lead.
    """
    old = fields_of(spec)[index].get("name")
    if not IDENTIFIER.fullmatch(name) or (name != old and name in named_fields(spec)):
        return None
    changed, fields = _copy(spec)
    for field in fields_of(changed):
        if old and field.get("alternative") == old:
            field["alternative"] = name
    qualifying = list_at(changed, "collect", "qualified_when")
    qualifying[:] = [name if one == old else one for one in qualifying]
    fields[index]["name"] = name
    if old in published and "column" not in fields[index] and is_mirrored(changed):
        fields[index]["column"] = old
    return changed


def is_mirrored(spec: dict[str, Any]) -> bool:
    """Whether a plugin mirrors the lead, whose columns go by the fields' names."""
    return bool((spec.get("collect") or {}).get("into"))


def changed_type(field: dict[str, Any], kind: str) -> dict[str, Any]:
    """The field with another type, without what only the old one may have; a choice begins with two options."""
    found = {key: value for key, value in field.items() if key not in _ONLY_WITH or kind in _ONLY_WITH[key]}
    found["type"] = kind
    if kind == "choice":
        found.setdefault("options", [{"en": "Yes", "zh": "是"}, {"en": "No", "zh": "否"}])
    return found
