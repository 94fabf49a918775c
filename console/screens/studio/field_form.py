"""One field of the lead, opened: every property that a marketer sets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from console.parts import bound
from console.screens.studio.bilingual import bilingual, spoken
from console.screens.studio.field_list import changed_type, named_fields, renamed
from console.screens.studio.inputs import Path, choice, key_of, list_at, nearest, value_at, why_not
from console.shown import number
from console.visit import language, say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

TYPES: Final = ("text", "email", "phone", "wechat", "datetime", "number", "choice")
CONTACT_TYPES: Final = frozenset({"email", "phone", "wechat"})
MEANINGS: Final = ("company", "product", "account", "name")
WEIGHTS: Final = {0.5: "nice", 1.0: "useful", 1.5: "important", 2.0: "very", 3.0: "most"}
SENSITIVITIES: Final = {0.1: "nobody", 0.3: "few", 0.5: "some", 0.7: "many", 1.2: "most"}
USUAL_WEIGHT: Final = 1.0
USUAL_SENSITIVITY: Final = 0.3


def show_field(draft: DraftEdit, index: int) -> None:
    """The form of the field at `index`."""
    path: Path = ("collect", "fields", index)
    field = value_at(draft.spec, path) or {}
    bilingual(draft, (*path, "label"), say("studio_fields.label"))
    bilingual(draft, (*path, "ask"), say("studio_fields.ask"), tall=True, help=say("studio_fields.ask_help"))
    left, right = st.columns(2, gap="medium")
    with left:
        _step(draft, (*path, "weight"), "weight", WEIGHTS, USUAL_WEIGHT, _weight_name)
        _type(draft, path, field)
    with right:
        _step(draft, (*path, "sensitivity"), "sensitivity", SENSITIVITIES, USUAL_SENSITIVITY, _sensitivity_name)
        _alternative(draft, path, field)
        _name(draft, index, str(field.get("name", "")))
    if field.get("type") == "choice":
        _options(draft, (*path, "options"))


def is_contact(field: dict[str, Any]) -> bool:
    """Whether a value makes the lead reachable."""
    return field.get("type") in CONTACT_TYPES and field.get("contact") is not False


def weight_of(field: dict[str, Any]) -> str:
    """The name of the step that the field's weight is nearest to."""
    return WEIGHTS[nearest(WEIGHTS, _number(field.get("weight"), USUAL_WEIGHT))]


def _number(value: object, usual: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else usual


def _weight_name(step: float) -> str:
    return say_of("studio_fields.weight", WEIGHTS[step])


def _sensitivity_name(step: float) -> str:
    return say_of("studio_fields.sensitivity", SENSITIVITIES[step])


def _step(
    draft: DraftEdit,
    path: Path,
    what: str,
    steps: dict[float, str],
    usual: float,
    named: Callable[[float], str],
) -> None:
    exact = _number(value_at(draft.spec, path), usual)
    key = bound.chosen(key_of(draft, path, language()), nearest(steps, exact))
    with st.container(gap="xsmall"):
        st.select_slider(
            say_of("studio_fields.step", what),
            list(steps),
            format_func=named,
            key=key,
            help=why_not(draft),
            disabled=not draft.may_edit,
            on_change=lambda: draft.put(path, st.session_state[key]),
        )
        st.caption(say_of("studio_fields.step_help", what, exact=number(exact)))


def _type(draft: DraftEdit, path: Path, field: dict[str, Any]) -> None:
    choice(
        draft,
        (*path, "type"),
        say("studio_fields.type"),
        TYPES,
        _type_name,
        usual="text",
        on_save=lambda kind: draft.put(path, changed_type(field, kind)),
    )
    kind = field.get("type")
    if kind in CONTACT_TYPES:
        _contact(draft, (*path, "contact"), field)
    elif kind == "text":
        choice(
            draft,
            (*path, "means"),
            say("studio_fields.means"),
            ("", *MEANINGS),
            lambda one: say_of("studio_fields.meaning", one or "by_name") if one in ("", *MEANINGS) else one,
            help=say("studio_fields.means_help"),
        )


def _type_name(kind: str) -> str:
    return say_of("studio_fields.types", kind) if kind in TYPES else kind


def _contact(draft: DraftEdit, path: Path, field: dict[str, Any]) -> None:
    key = bound.chosen(key_of(draft, path), is_contact(field))
    st.toggle(
        say("studio_fields.contact"),
        key=key,
        help=why_not(draft) or say("studio_fields.contact_help"),
        disabled=not draft.may_edit,
        on_change=lambda: draft.put(path, None if st.session_state[key] else False),
    )


def _alternative(draft: DraftEdit, path: Path, field: dict[str, Any]) -> None:
    others = {name: words for name, words in named_fields(draft.spec).items() if name != field.get("name")}
    choice(
        draft,
        (*path, "alternative"),
        say("studio_fields.alternative"),
        ("", *others),
        lambda name: others.get(name, name) if name else say("studio_fields.no_alternative"),
        help=say("studio_fields.alternative_help"),
    )


# --- the options of a choice --------------------------------------------------------------------------------


def _options(draft: DraftEdit, path: Path) -> None:
    options = list_at(draft.spec, *path)
    for column, code in zip(st.columns(2, gap="small"), ("en", "zh"), strict=True):
        lines = "\n".join(_in(option, code) for option in options)
        key = bound.typed(key_of(draft, path, code), lines)
        with column:
            st.text_area(
                say_of("studio_fields.options", code),
                lines,
                key=key,
                height="content",
                help=why_not(draft),
                disabled=not draft.may_edit,
                on_change=partial(_save_options, draft, path, key, code),
            )
    st.caption(say("studio_fields.options_help"))


def _in(option: object, code: str) -> str:
    if isinstance(option, dict):
        return str(option.get(code, ""))
    return spoken(option)


def _save_options(draft: DraftEdit, path: Path, key: str, code: str) -> None:
    lines = [line.strip() for line in str(st.session_state.get(key) or "").split("\n")]
    draft.put(path, with_options(list_at(draft.spec, *path), code, lines) or None)


def with_options(options: list[Any], code: str, lines: list[str]) -> list[Any]:
    """The options with the lines of one language in place; a line that is empty in every language is left out."""
    found: list[Any] = []
    for place in range(max(len(options), len(lines))):
        old = options[place] if place < len(options) else {}
        line = lines[place] if place < len(lines) else ""
        if isinstance(old, str) and line == old:
            found.append(old)
            continue
        texts = {**(old if isinstance(old, dict) else {"en": old, "zh": old}), code: line}
        found.append({language: words for language, words in texts.items() if words})
    return [option for option in found if option]


# --- its name -----------------------------------------------------------------------------------------------


def _name(draft: DraftEdit, index: int, name: str) -> None:
    key = bound.typed(key_of(draft, ("collect", "fields", index, "name")), name)
    st.text_input(
        say("studio_fields.name"),
        name,
        key=key,
        help=why_not(draft) or say("studio_fields.name_help"),
        disabled=not draft.may_edit,
        on_change=partial(_rename, draft, index, key),
    )
    if st.session_state.get(f"{key}:refused"):
        st.error(say("studio_fields.name_refused"), icon=":material/error:")


def _rename(draft: DraftEdit, index: int, key: str) -> None:
    wanted = str(st.session_state.get(key) or "").strip()
    changed = renamed(draft.spec, index, wanted, named_fields(draft.published.spec or {}))
    st.session_state[f"{key}:refused"] = changed is None
    if changed is not None:
        draft.change(changed)
