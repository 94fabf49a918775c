"""The tab of offers: what may be recommended, when, and from which day to which."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from console.parts import bound
from console.parts.pane import empty
from console.screens.studio.bilingual import bilingual, joined, spoken
from console.screens.studio.cards import open_button, remove_button, undo_line
from console.screens.studio.inputs import Path, choice, key_of, list_at, text, value_at, why_not
from console.screens.studio.remarks import about
from console.shown import day
from console.visit import say, say_of

if TYPE_CHECKING:
    from console.screens.studio.draft import DraftEdit

CONDITIONS: Final = ("always", "asked_price", "asked_product", "helped", "buying")
USUAL: Final = "helped"
NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")


def show(draft: DraftEdit) -> None:
    """Draws the tab."""
    st.caption(say("studio_offers.about"))
    offers = offers_of(draft.spec)
    if not offers:
        empty(say("studio_offers.empty"), say("studio_offers.empty_next"), icon=":material/sell:")
    with st.container(key="offer_list", gap="xsmall"):
        for index, offer in enumerate(offers):
            _card(draft, index, offer)
    _undo(draft)
    _add(draft)


def offers_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The offers, those that are no mapping as empty ones, so that places stay true."""
    return [offer if isinstance(offer, dict) else {} for offer in list_at(spec, "offers")]


def with_offer(spec: dict[str, Any], offer: dict[str, Any], index: int | None = None) -> dict[str, Any]:
    """The spec with the offer at that place, or at the end."""
    changed = deepcopy(spec)
    offers = list_at(changed, "offers")
    offers.insert(len(offers) if index is None else min(index, len(offers)), deepcopy(offer))
    changed["offers"] = offers
    return changed


def without_offer(spec: dict[str, Any], index: int) -> dict[str, Any]:
    """The spec without the offer at that place."""
    changed = deepcopy(spec)
    del changed["offers"][index]
    if not changed["offers"]:
        del changed["offers"]
    return changed


def free_name(spec: dict[str, Any], wanted: str) -> str:
    """A name that no offer has: `wanted`, else with a number behind it."""
    taken, count, name = {offer.get("name") for offer in offers_of(spec)}, 1, wanted
    while name in taken:
        count += 1
        name = f"{wanted}-{count}"
    return name


def state_of(offer: dict[str, Any], today: date) -> str:
    """`later`, `over`, or `now`."""
    begin, end = day_of(offer.get("from")), day_of(offer.get("to"))
    if begin and today < begin:
        return "later"
    return "over" if end and today > end else "now"


def day_of(value: object) -> date | None:
    """A day as the spec writes it, None where it writes none."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


# --- one offer ----------------------------------------------------------------------------------------------


def _place(draft: DraftEdit, what: str) -> str:
    return f"studio_{draft.name}_{what}"


def _card(draft: DraftEdit, index: int, offer: dict[str, Any]) -> None:
    is_open = st.session_state.get(_place(draft, "offer")) == index
    with st.container(key=f"card_offer_{index}", border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row_offer_{index}"):
            _summary(draft, index, offer)
            _buttons(draft, index, offer, is_open)
        if is_open:
            _form(draft, index, offer)


def _summary(draft: DraftEdit, index: int, offer: dict[str, Any]) -> None:
    state, when = state_of(offer, date.today()), offer.get("when", USUAL)
    with st.container(gap=None, width="stretch", key=f"name_offer_{index}"):
        st.text(spoken(offer.get("text")) or str(offer.get("name", "")))
        named = say_of("studio_offers.when", when) if when in CONDITIONS else say("studio_offers.no_when")
        st.caption(f"{named} · {_days(offer)}")
    color: Any = {"now": "green", "later": "blue", "over": "gray"}[state]
    st.badge(say_of("studio_offers.state", state), color=color)
    if hints := about(draft, ("offers", index)):
        st.badge(say("studio_fields.hints", count=len(hints)), icon=":material/lightbulb:", color="orange")


def _days(offer: dict[str, Any]) -> str:
    begin, end = day_of(offer.get("from")), day_of(offer.get("to"))
    if begin and end:
        return say("studio_offers.between", begin=day(begin), end=day(end))
    if begin:
        return say("studio_offers.since", begin=day(begin))
    return say("studio_offers.until", end=day(end)) if end else say("studio_offers.any_day")


def _buttons(draft: DraftEdit, index: int, offer: dict[str, Any], is_open: bool) -> None:
    with st.container(horizontal=True, gap=None, width="content", wrap=False, key=f"act_offer_{index}"):
        remove_button(draft, "offer", index, say("studio_offers.remove"), partial(_remove, draft, index, offer))
        open_button("offer", index, is_open, partial(_open, draft))


def _open(draft: DraftEdit, index: int | None) -> None:
    st.session_state[_place(draft, "offer")] = index


def _form(draft: DraftEdit, index: int, offer: dict[str, Any]) -> None:
    path: Path = ("offers", index)
    bilingual(draft, (*path, "text"), say("studio_offers.text"), tall=True)
    choice(draft, (*path, "when"), say("studio_offers.when_label"), CONDITIONS, _named, usual=USUAL)
    left, right = st.columns(2, gap="small")
    with left:
        _date(draft, (*path, "from"), say("studio_offers.from"))
    with right:
        _date(draft, (*path, "to"), say("studio_offers.to"))
    begin, end = day_of(offer.get("from")), day_of(offer.get("to"))
    if begin and end and begin > end:
        st.error(say("studio_offers.wrong_order"), icon=":material/error:")
    st.caption(say("studio_offers.days_help"))
    left, right = st.columns(2, gap="small")
    with left:
        text(draft, (*path, "product"), say("studio_offers.product"), help=say("studio_offers.product_help"))
    with right:
        _name(draft, index, str(offer.get("name", "")))


def _named(when: str) -> str:
    return say_of("studio_offers.when", when) if when in CONDITIONS else when


def _date(draft: DraftEdit, path: Path, label: str) -> None:
    key = bound.clearable(key_of(draft, path), day_of(value_at(draft.spec, path)))
    st.date_input(
        label,
        value=None,
        key=key,
        format="YYYY-MM-DD",
        help=why_not(draft),
        disabled=not draft.may_edit,
        on_change=partial(_save_date, draft, path, key),
    )


def _save_date(draft: DraftEdit, path: Path, key: str) -> None:
    chosen = st.session_state.get(key)
    draft.put(path, chosen.isoformat() if isinstance(chosen, date) else None)


def _name(draft: DraftEdit, index: int, name: str) -> None:
    key = bound.typed(key_of(draft, ("offers", index, "name")), name)
    st.text_input(
        say("studio_offers.name"),
        name,
        key=key,
        help=why_not(draft) or say("studio_offers.name_help"),
        disabled=not draft.may_edit,
        on_change=partial(_rename, draft, index, key),
    )
    if st.session_state.get(f"{key}:refused"):
        st.error(say("studio_offers.name_refused"), icon=":material/error:")


def _rename(draft: DraftEdit, index: int, key: str) -> None:
    wanted = str(st.session_state.get(key) or "").strip()
    others = {offer.get("name") for place, offer in enumerate(offers_of(draft.spec)) if place != index}
    is_fine = bool(NAME.fullmatch(wanted)) and wanted not in others
    st.session_state[f"{key}:refused"] = not is_fine
    if is_fine:
        draft.put(("offers", index, "name"), wanted)


def _remove(draft: DraftEdit, index: int, offer: dict[str, Any]) -> None:
    draft.change(without_offer(draft.spec, index))
    st.session_state[_place(draft, "offer_removed")] = (index, offer)
    opened = st.session_state.get(_place(draft, "offer"))
    if opened is not None:
        _open(draft, None if opened == index else opened - (opened > index))


def _undo(draft: DraftEdit) -> None:
    kept: tuple[int, dict[str, Any]] | None = st.session_state.get(_place(draft, "offer_removed"))
    if kept is None:
        return
    told = say("studio_offers.removed", name=kept[1].get("name", ""))
    undo_line("offer", told, partial(_bring_back, draft, *kept))


def _bring_back(draft: DraftEdit, index: int, offer: dict[str, Any]) -> None:
    if offer.get("name") not in {one.get("name") for one in offers_of(draft.spec)}:
        draft.change(with_offer(draft.spec, offer, index))
    st.session_state[_place(draft, "offer_removed")] = None


# --- a new one ----------------------------------------------------------------------------------------------


def _add(draft: DraftEdit) -> None:
    adding = _place(draft, "offer_adding")
    if not st.session_state.get(adding):
        st.button(
            say("studio_offers.add"),
            key="offer_add",
            icon=":material/add:",
            help=why_not(draft),
            disabled=not draft.may_edit,
            on_click=lambda: st.session_state.update({adding: True}),
        )
        return
    with st.form(key=f"offer_new_{draft.name}", border=True):
        st.text(say("studio_offers.new"))
        for column, code in zip(st.columns(2, gap="small"), ("en", "zh"), strict=True):
            column.text_area(say_of("studio_offers.new_text", code), key=f"offer_new_{draft.name}_{code}", height=100)
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(say("studio_offers.add"), icon=":material/add:", on_click=partial(_added, draft))
            st.form_submit_button(
                say("studio_offers.cancel"),
                type="tertiary",
                on_click=lambda: st.session_state.update({adding: False}),
            )
        if st.session_state.get(f"{adding}:blank"):
            st.error(say("studio_offers.blank"), icon=":material/error:")


def _added(draft: DraftEdit) -> None:
    kept, adding = st.session_state, _place(draft, "offer_adding")
    typed = {code: str(kept.get(f"offer_new_{draft.name}_{code}") or "") for code in ("en", "zh")}
    texts = joined({"en": typed["en"]}, "zh", typed["zh"])
    kept[f"{adding}:blank"] = texts is None
    if texts is None:
        return
    draft.change(with_offer(draft.spec, {"name": free_name(draft.spec, "offer"), "text": texts, "when": USUAL}))
    kept[adding] = False
    _open(draft, len(offers_of(draft.spec)) - 1)
