"""The table of leads: its columns, and a click on a line that opens the lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from console import links
from console.client.leads import STAGES, Form, Lead
from console.parts.field_words import field_in_words
from console.parts.label import plainly
from console.screens.leading.forms import called, kinds, labels, reached_at
from console.shown import short_time
from console.visit import say, say_of

OWN = ("stage", "contact", "persona", "created", "updated")
_FIELD = "field."
_LEAD = "lead"
_WIDTHS = {"stage": 150, "contact": 170, "created": 90, "updated": 90}


@dataclass(frozen=True, slots=True)
class Looks:
    """What lines are drawn with: personas' titles, fields' labels and types by name."""

    titles: Mapping[str, str]
    labels: Mapping[str, str]
    kinds: Mapping[str, str]


def looks(titles: Mapping[str, str], forms: Mapping[str, Form], leads: Sequence[Lead]) -> Looks:
    """The looks of these leads; a field that no known form has goes by its common word."""
    named = {name: field_in_words(name) for lead in leads for name in lead.fields}
    return Looks(titles, {**labels(forms.values()), **_missing(named, forms)}, kinds(forms.values()))


def _missing(named: Mapping[str, str], forms: Mapping[str, Form]) -> dict[str, str]:
    known = kinds(forms.values())
    return {name: label for name, label in named.items() if name not in known}


def choices(look: Looks) -> list[str]:
    """Every column there is to choose."""
    return [*OWN, *(_FIELD + name for name in look.labels)]


def usual(look: Looks) -> list[str]:
    """The columns shown before anybody chose."""
    product = [_FIELD + "product"] if "product" in look.labels else []
    return ["stage", "contact", *product, "persona", "created"]


def column_label(look: Looks, column: str) -> str:
    """What a column is called."""
    if column.startswith(_FIELD):
        name = column.removeprefix(_FIELD)
        return look.labels.get(name) or field_in_words(name)
    return say_of("leads.column", column)


def follow() -> None:
    """Goes to the lead whose line was clicked; before the page asks the server for anything."""
    opened = st.session_state.pop("lead_opened", None)
    if opened:
        links.go("lead", id=opened)


def draw(leads: Sequence[Lead], columns: Sequence[str], look: Looks) -> None:
    """The table. A click on a line opens its lead, by `follow` in the next run."""
    shown = [column for column in columns if column in choices(look)]
    cells: dict[str, list[Any]] = {_LEAD: [called(lead) for lead in leads]}
    cells |= {column: [_cell(lead, column, look) for lead in leads] for column in shown}
    st.dataframe(
        cells,
        key="lead_table",
        hide_index=True,
        height="content",
        row_height=36,
        column_config=_config(shown, look),
        on_select=partial(_open, [lead.id for lead in leads]),
        selection_mode="single-cell",
        placeholder="",
        alt=say("leads.table_alt"),
    )


def _open(ids: Sequence[str]) -> None:
    chosen = st.session_state["lead_table"]["selection"]["cells"]
    if chosen and chosen[0][0] < len(ids):
        st.session_state["lead_opened"] = ids[chosen[0][0]]


def _cell(lead: Lead, column: str, look: Looks) -> object:
    if column.startswith(_FIELD):
        value = lead.fields.get(column.removeprefix(_FIELD))
        return plainly(value.value) if value else ""
    draw_cell: dict[str, Callable[[], object]] = {
        "stage": lambda: _chips(lead),
        "contact": lambda: reached_at(lead, look.kinds),
        "persona": lambda: look.titles.get(lead.persona, lead.persona),
        "created": lambda: short_time(lead.created_at),
        "updated": lambda: short_time(lead.updated_at),
    }
    return draw_cell[column]()


def _chips(lead: Lead) -> list[str]:
    return [lead.exit] if lead.exit else [lead.stage]


def _config(columns: Sequence[str], look: Looks) -> dict[str, Any]:
    kind = st.column_config
    config: dict[str, Any] = {_LEAD: kind.TextColumn(say("leads.column.lead"), width=210)}
    for column in columns:
        label = column_label(look, column)
        config[column] = kind.TextColumn(label, width=_WIDTHS.get(column))
    if "stage" in columns:
        config["stage"] = kind.MultiselectColumn(
            say("leads.column.stage"),
            options=[*STAGES, "annoyed", "opted_out"],
            color=_colours(),
            format_func=_stage_word,
            width=_WIDTHS["stage"],
        )
    return config


def _stage_word(name: str) -> str:
    return say_of("leads.stage", name)


def _colours() -> list[str]:
    dark = st.context.theme.type == "dark"
    gray, blue, green, orange = (
        ("#232c31", "#12303a", "#163024", "#372813") if dark else ("#edf0f2", "#e3f0f4", "#e7f4eb", "#fdf1df")
    )
    return [gray, gray, gray, blue, green, green, green, orange, orange]
