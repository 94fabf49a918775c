"""Arguments that are lists or objects, written into an address, a header, a cookie or a form as OpenAPI says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from server.catalog.plugin_spec import Style
from server.plugins.references import MISSING, Slot, Unfilled, Values, fill, plain

_RESERVED = ":/@!$'()*,?"
"""What `reserved` leaves as it is: all that OpenAPI names but what would begin another parameter."""

_BETWEEN = {"spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")

Styles = Mapping[str, Style]
Encode = Callable[[Any], str]


def styled(slot: Any, values: Values, styles: Styles) -> tuple[Any, Style] | None:
    """The value and the style of a slot that is one argument with a style; MISSING when it was not given."""
    reference = slot.whole if isinstance(slot, Slot) else None
    if reference is None or reference.root != "args" or reference.rest not in styles:
        return None
    return values.of(reference), styles[reference.rest]


def query_text(slots: Mapping[str, Any], values: Values, styles: Styles, plainly: Callable[[Any], str]) -> str:
    """Parameters joined by `&`, encoded; `plainly` writes those without a style.

    Raises Unfilled when a part of an object would take the place of another parameter.
    """
    parts: list[str] = []
    for name, slot in slots.items():
        found = styled(slot, values, styles)
        if found is None:
            parts += filter(None, [plainly({name: value}) for value in [fill(slot, values)] if value is not MISSING])
        elif found[0] is not MISSING:
            parts += _apart(list(pairs(name, *found)), name, slots)
    return "&".join(parts)


def _apart(found: list[tuple[str, str]], name: str, slots: Mapping[str, Any]) -> list[str]:
    for key, _ in found:
        if key != name and key.lower() in {each.lower() for each in slots}:
            raise Unfilled(f"`{name}` holds `{key[:60]}`, which is another parameter")
    return [f"{quote(key, safe='')}={value}" for key, value in found]


def pairs(name: str, value: Any, style: Style) -> Iterator[tuple[str, str]]:
    """Plain names with encoded values, as a query, a form or a cookie has them."""
    encode = _encoder(style)
    if style.style == "json":
        yield name, encode(value if not isinstance(value, str) else f'"{value}"')
    elif style.style == "deepObject" and isinstance(value, dict):
        yield from _deep(name, value, encode)
    elif not isinstance(value, dict | list):
        yield name, encode(value)
    elif style.explode or style.style == "deepObject":
        for key, each in value.items() if isinstance(value, dict) else ((name, each) for each in value):
            if each is not None:
                yield key, encode(each)
    elif value:
        yield name, _BETWEEN.get(style.style, ",").join(_flat(value, encode))


def _encoder(style: Style) -> Encode:
    safe = _RESERVED if style.reserved else "*"
    return lambda value: quote(plain(value), safe=safe)


def _deep(name: str, value: Any, encode: Encode) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _deep(f"{name}[{key}]", below, encode)
    elif isinstance(value, list):
        for below in value:
            yield from _deep(name, below, encode)
    elif value is not None:
        yield name, encode(value)


def _flat(value: Any, encode: Encode) -> Iterator[str]:
    """The values of a list; names and values of an object in turn."""
    for each in value.items() if isinstance(value, dict) else value:
        if isinstance(value, dict):
            if each[1] is not None:
                yield encode(each[0])
                yield encode(each[1])
        elif each is not None:
            yield encode(each)


def segment(value: Any, style: Style, name: str) -> str:
    """A path's segment (or part of one), encoded. Raises Unfilled for what is empty or holds a line break."""

    def encode(part: Any) -> str:
        text = plain(part)
        if not text.strip() or _CONTROL.search(text):
            raise Unfilled(f"${{args.{name}}} is empty or holds a line break, which a path cannot")
        return quote(text, safe="*")

    shown = style.name or name
    begin, between = {"label": (".", "."), "matrix": (";", ";")}.get(style.style, ("", ","))
    if not value and isinstance(value, dict | list):
        raise Unfilled(f"${{args.{name}}} is empty, which a path cannot hold")
    if style.explode and isinstance(value, dict):
        return begin + between.join(f"{encode(key)}={encode(each)}" for key, each in value.items())
    if style.explode and isinstance(value, list):
        prefix = f"{quote(shown, safe='')}=" if style.style == "matrix" else ""
        return begin + between.join(prefix + encode(each) for each in value)
    joined = ",".join(_flat(value, encode)) if isinstance(value, dict | list) else encode(value)
    return begin + (f"{quote(shown, safe='')}={joined}" if style.style == "matrix" else joined)


def header_text(value: Any, style: Style) -> str:
    """A header's value. Raises Unfilled for line breaks."""
    if style.style == "json" or not isinstance(value, dict | list):
        text = plain(value)
    elif style.explode and isinstance(value, dict):
        text = ",".join(f"{key}={plain(each)}" for key, each in value.items())
    else:
        text = ",".join(_flat(value, plain))
    if _CONTROL.search(text):
        raise Unfilled("a header value holds a line break or a control character")
    return text


def cookie_text(slots: Mapping[str, Any], values: Values, styles: Styles) -> str:
    """The value of the Cookie header, empty when no cookie has a value. Raises Unfilled."""
    found: list[str] = []
    for name, slot in slots.items():
        value, style = styled(slot, values, styles) or (fill(slot, values), Style(style="form"))
        if value is not MISSING:
            found += [cookie.replace("&", "%26") for cookie in _apart(list(pairs(name, value, style)), name, slots)]
    return "; ".join(found)
