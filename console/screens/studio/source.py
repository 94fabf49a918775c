"""The YAML tab: the persona's file as developers write it, with its problems at their lines."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import streamlit as st
from code_editor import code_editor  # type: ignore[import-untyped]

from console.client.personas import PersonaProblem
from console.parts.label import label
from console.screens.studio.ace import guide_editor
from console.screens.studio.completions import Completion, completions
from console.screens.studio.draft import DraftEdit
from console.screens.studio.place import jump_in, lead_to
from console.server_words import translated
from console.visit import current, language, say

HEIGHT: Final = "520px"
PAUSE_MS: Final = 600


def show(draft: DraftEdit) -> None:
    """Draws the tab."""
    if draft.unsaved and draft.unsaved.spec is not None:
        st.warning(say("studio.form_first"), icon=":material/cloud_off:")
        return
    key = f"studio_yaml_{draft.name}_{draft.text_seed}"
    with st.container(key="studio_yaml"):
        answer = code_editor(
            st.session_state.setdefault(f"{key}_begun", draft.yaml) if not _is_fresh(key) else _begin(key, draft),
            lang="yaml",
            key=key,
            height=HEIGHT,
            response_mode=["debounce", "blur"],
            completions=list(_completions()),
            props={"debounceChangePeriod": PAUSE_MS, "fontSize": 13},
            options={
                "wrap": True,
                "tabSize": 2,
                "useSoftTabs": True,
                "readOnly": not draft.may_edit,
                "enableLiveAutocompletion": False,
            },
        )
    _take(draft, key, answer)
    problems = list(draft.problems)
    guide_editor(
        ".st-key-studio_yaml iframe",
        label=say("studio.yaml_label"),
        problems=[(each.line, each.column, _message(each), each.severity) for each in problems],
        jump=jump_in("yaml"),
        key=f"{key}_guide",
    )
    if not draft.may_edit:
        st.caption(say("common.needs_editor"))
    _problems(problems)


def _is_fresh(key: str) -> bool:
    """Whether the editor was not on the page in the run before: then it begins with the text as it is now."""
    return key not in st.session_state


def _begin(key: str, draft: DraftEdit) -> str:
    st.session_state[f"{key}_begun"] = draft.yaml
    return draft.yaml


def _take(draft: DraftEdit, key: str, answer: Any) -> None:
    if not isinstance(answer, dict) or not answer.get("id") or not draft.may_edit:
        return
    if st.session_state.get(f"{key}_heard") != answer["id"]:
        st.session_state[f"{key}_heard"] = answer["id"]
        draft.write_text(str(answer["text"]))


def _completions() -> tuple[Completion, ...]:
    kept: tuple[Completion, ...] | None = st.session_state.get("studio_completions")
    if kept is None:
        kept = st.session_state["studio_completions"] = completions(current().api.personas.schema())
    return kept


def _message(problem: PersonaProblem) -> str:
    return translated(problem.message, language())


def _problems(problems: list[PersonaProblem]) -> None:
    if not problems:
        st.caption(say("studio.no_problems"))
        return
    with st.container(key="studio_problems", gap="xsmall"):
        for number, problem in enumerate(problems[:20]):
            is_error = problem.severity == "error"
            st.button(
                f"{problem.line}:{problem.column}  {label(_message(problem))}",
                key=f"studio_problem_{number}",
                icon=":material/error:" if is_error else ":material/warning:",
                type="tertiary",
                on_click=partial(lead_to, "yaml", problem.line, problem.column),
            )
