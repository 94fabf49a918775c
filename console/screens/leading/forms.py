"""What personas call the fields they collect, kept for the tab as long as a persona's text stays the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from console.client import Refused
from console.client.leads import CONTACT_TYPES, Form, FormField, Lead, LocalText, PersonaName
from console.parts.field_words import field_in_words
from console.parts.label import plainly
from console.shown import date_and_time
from console.visit import current, language, say

FORMS_A_RUN = 1
"""How many forms a run asks the server for beside the persona that is filtered for."""


def text_of(text: LocalText, otherwise: str) -> str:
    """A persona's text in the visitor's language, or in any other, or that name."""
    if isinstance(text, str):
        return text or otherwise
    if not text:
        return otherwise
    return text.get(language()) or next(iter(text.values()), "") or otherwise


def titles(personas: Iterable[PersonaName]) -> dict[str, str]:
    """What personas are called, by name."""
    return {one.name: text_of(one.title, one.name) for one in personas}


def forms_of(names: Iterable[str], personas: Sequence[PersonaName]) -> dict[str, Form]:
    """The forms of these personas that are known; the commonest unknown one is asked for in this run."""
    kept: dict[str, tuple[str | None, Form]] = st.session_state.setdefault("lead_forms", {})
    prints = {one.name: one.fingerprint for one in personas}
    wanted = [name for name, _ in Counter(names).most_common() if name in prints]
    unknown = [name for name in wanted if kept.get(name, ("", None))[0] != prints[name]]
    for name in unknown[:FORMS_A_RUN]:
        kept[name] = (prints[name], form_of(name))
    return {name: kept[name][1] for name in wanted if name in kept}


def form_of(persona: str) -> Form:
    """A persona's form; an empty one when the persona is gone."""
    try:
        return current().api.leads.form(persona)
    except Refused as refused:
        if refused.status != 404:
            raise
        return Form()


def labels(forms: Iterable[Form]) -> dict[str, str]:
    """What fields are called, by name; no two alike."""
    found: dict[str, str] = {}
    for form in forms:
        for field in form.fields:
            label = text_of(field.label, field_in_words(field.name))
            taken = any(other == label for name, other in found.items() if name != field.name)
            found.setdefault(field.name, f"{label} ({field.name})" if taken else label)
    return found


def label_of(form: Form, name: str) -> str:
    """What a field is called, though the form may not have it."""
    field = field_named(form, name)
    return text_of(field.label if field else None, field_in_words(name))


def called(lead: Lead) -> str:
    """Company and name as far as they are known, else the day it began."""
    known = [lead.fields[name].value for name in ("company", "name") if name in lead.fields]
    return plainly(" · ".join(known)) or say("leads.lead_of", date=date_and_time(lead.created_at))


def reached_at(lead: Lead, kinds: Mapping[str, str]) -> str:
    """The first contact that the lead holds; `kinds` are the fields' types by name."""
    for name, value in lead.fields.items():
        if kinds.get(name, name) in CONTACT_TYPES:
            return plainly(value.normalised or value.value)
    return ""


def kinds(forms: Iterable[Form]) -> dict[str, str]:
    """Types of fields by name."""
    return {field.name: field.type for form in forms for field in form.fields}


def field_named(form: Form, name: str | None) -> FormField | None:
    """The field of that name, if the form has it."""
    return next((field for field in form.fields if field.name == name), None)
