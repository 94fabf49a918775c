"""Inputs that show a value kept elsewhere: a run that cuts off another changes nothing in them."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from console.parts import bound


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A session's state."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr(bound.time, "monotonic", lambda: now[0])
    return now


def test_what_is_chosen_is_told_in_every_run(kept: dict[str, Any]) -> None:
    for sent in ("nothing yet", "the default", "b"):
        kept["list"] = sent
        assert bound.chosen("list", "b") == "list"
        assert kept["list"] == "b"


def test_what_is_typed_is_left_alone_until_its_value_changes_behind_its_back(kept: dict[str, Any]) -> None:
    assert bound.typed("title", "A") == "title"
    assert "title" not in kept, "the default tells it"
    kept["title"] = "A b"
    assert bound.typed("title", "A") == "title"
    assert bound.typed("title", "A b") == "title", "saved"
    kept["title"] = "A b "
    assert bound.typed("title", "A b") == "title", "the next word is on its way"
    again = bound.typed("title", "Undone")
    assert again != "title"
    assert bound.typed("title", "Undone") == again
    kept[again] = "Undone and on"
    assert bound.typed("title", "Undone and on") == again
    assert kept["title"] == "A b ", "what a late message of the former input says is nobody's"


def test_a_number_is_told_until_it_has_arrived_and_then_left_alone(kept: dict[str, Any], clock: list[float]) -> None:
    bound.clearable("number", 5)
    assert kept["number"] == 5
    told = _Told(kept)
    st.session_state = told  # type: ignore[assignment]
    clock[0] += 1
    bound.clearable("number", 5)
    assert told.told == [5]
    clock[0] += bound.SETTLES_S
    bound.clearable("number", 5)
    assert told.told == [5]
    told["number"] = None
    told.told.clear()
    bound.clearable("number", None)
    bound.clearable("number", None)
    assert told.told == [], "emptied by hand"
    bound.clearable("number", 7)
    assert told.told == [7], "changed behind its back"


class _Told(dict[str, Any]):
    """A session's state that notes what is told to the input."""

    def __init__(self, of: dict[str, Any]) -> None:
        super().__init__(of)
        self.told: list[Any] = []

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if ":" not in key:
            self.told.append(value)
