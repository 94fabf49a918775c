"""Whom one chats with and as whom. The address holds it; the inputs follow the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import streamlit as st

from console.client.chat import Models
from console.client.personas import Persona, PersonaRow, said_in
from console.parts.chat import PARAMETER, ChatWith
from console.visit import current, language, say
from console.wording import LANGUAGES, Language

_KEPT = "try_address"
_SAMPLE_CUSTOMER = "test-customer"
STANDIN = "standin"
Version = int | Literal["draft"] | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the address chose, with the persona it means."""

    persona: Persona
    models: Models
    version: Version
    locale: Language
    model: str | None
    as_user: str | None
    counts: bool

    def chat_with(self) -> ChatWith:
        """As the chat takes it."""
        return ChatWith(self.persona.name, self.version, self.model, self.as_user, self.counts, self.locale)


def recall() -> None:
    """A visit without an address goes on where the last one in this tab was."""
    kept: dict[str, str] | None = st.session_state.get(_KEPT)
    if kept and not st.query_params:
        st.query_params.from_dict(kept)


def chosen_persona(rows: Sequence[PersonaRow]) -> str:
    """The name that the address holds, or that of the first among those which find out most."""
    asked = st.query_params.get("persona")
    return asked if asked in {row.name for row in rows} else max(rows, key=lambda row: row.fields).name


def read(persona: Persona, models: Models) -> Choices:
    """The choices of the address, as far as the persona has them."""
    query = st.query_params
    as_user, version = query.get("as") or None, _version(persona)
    found = Choices(
        persona=persona,
        models=models,
        version=version,
        locale=_locale(persona),
        model=query.get("model") or None,
        as_user=as_user,
        counts=query.get("counts") == "1" and as_user is None and version is None,
    )
    st.session_state["try_locale_kept"] = found.locale
    st.session_state[_KEPT] = {name: value for name, value in query.items() if name != PARAMETER}
    return found


def _version(persona: Persona) -> Version:
    asked = st.query_params.get("version", "")
    if asked == "draft":
        return "draft" if persona.draft else None
    return int(asked) if asked.isdecimal() and 0 < int(asked) < persona.version else None


def spoken(persona: Persona) -> tuple[Language, ...]:
    """The console's languages that the persona speaks; all when it speaks none of them."""
    return tuple(one for one in LANGUAGES if one in persona.languages) or LANGUAGES


def _locale(persona: Persona) -> Language:
    """The address's; a conversation keeps its language; else the console's."""
    kept = st.session_state.get("try_locale_kept") if PARAMETER in st.query_params else None
    known = spoken(persona)
    for wanted in (st.query_params.get("locale"), kept, language()):
        for one in known:
            if one == wanted:
                return one
    return known[0]


# --- the inputs -------------------------------------------------------------------------------------------


def draw(rows: Sequence[PersonaRow], choices: Choices) -> None:
    """A line of inputs; each change goes into the address."""
    with st.container(key="try_choices", horizontal=True, vertical_alignment="bottom", gap="small"):
        _persona(rows, choices)
        _choice_of_version(choices)
        _choice_of_language(choices)
        _choice_of_model(choices)
        _choice_of_customer(choices)


def _select(
    title: str, name: str, options: Sequence[str], value: str, shown: Callable[[str], str], **more: bool | str
) -> None:
    key = f"try_{name}"
    st.session_state[key] = value
    st.selectbox(
        title,
        list(dict.fromkeys([*options, value])),
        format_func=shown,
        key=key,
        disabled=not current().may("editor"),
        on_change=partial(_changed, name),
        **more,  # type: ignore[call-overload]
    )


def _changed(name: str) -> None:
    value = str(st.session_state[f"try_{name}"] or "").strip()
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
    if name == "persona":
        st.query_params.pop("version", None)


def _persona(rows: Sequence[PersonaRow], choices: Choices) -> None:
    titles = {row.name: said_in(row.title, language(), row.name) for row in rows}
    _select(say("try_chat.persona"), "persona", list(titles), choices.persona.name, lambda name: titles.get(name, name))


def _choice_of_version(choices: Choices) -> None:
    persona = choices.persona

    def shown(version: str) -> str:
        if version == "draft":
            return say("try_chat.version.draft")
        if version:
            return say("try_chat.version.earlier", n=version)
        return say("try_chat.version.published", n=persona.version)

    options = ["", "draft"] if persona.draft else [""]
    _select(say("try_chat.version"), "version", options, str(choices.version or ""), shown)


def _choice_of_language(choices: Choices) -> None:
    names = {"en": "English", "zh": "中文"}
    _select(say("try_chat.locale"), "locale", spoken(choices.persona), choices.locale, lambda one: names[one])


def _choice_of_model(choices: Choices) -> None:
    def shown(model: str) -> str:
        if not model:
            return say("try_chat.model.own")
        return say("try_chat.model.standin") if model == STANDIN else model

    options = ["", *choices.models.connected, STANDIN]
    _select(say("try_chat.model"), "model", options, choices.model or "", shown, accept_new_options=True)


def _choice_of_customer(choices: Choices) -> None:
    def shown(name: str) -> str:
        return name or say("try_chat.as.anonymous")

    options = ["", _SAMPLE_CUSTOMER]
    _select(say("try_chat.as"), "as", options, choices.as_user or "", shown, accept_new_options=True)


def draw_counting(choices: Choices) -> None:
    """Whether the chat is a real one, to be seen among leads and figures."""
    may = current().may("editor")
    fits = choices.as_user is None and choices.version is None
    st.session_state["try_counts"] = choices.counts
    why = say("try_chat.counts_help") if fits else say("try_chat.counts_only")
    st.toggle(
        say("try_chat.counts"),
        key="try_counts",
        disabled=not (may and fits),
        help=why if may else say("common.needs_editor"),
        on_change=_changed_counts,
    )


def _changed_counts() -> None:
    if st.session_state["try_counts"]:
        st.query_params["counts"] = "1"
    else:
        st.query_params.pop("counts", None)
