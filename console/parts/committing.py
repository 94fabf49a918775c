"""What is typed into an input reaches the script while one types, and not only when the input is left."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
const PAUSE = 800;

function commit(box) {
  if (document.activeElement !== box || box.disabled) return;
  const long = box.tagName === "TEXTAREA";  // what Streamlit itself takes a text on: Enter, or Ctrl+Enter
  const key = { key: "Enter", code: "Enter", keyCode: 13, ctrlKey: long, bubbles: true, cancelable: true };
  box.dispatchEvent(new KeyboardEvent("keydown", key));
}

export default function ({ data }) {
  window.rapportCommits = data;
  if (window.rapportCommitting) return;
  window.rapportCommitting = true;
  let timer = 0, composing = false;
  const wait = (event) => {
    const box = event.target, { within, except } = window.rapportCommits;
    clearTimeout(timer);
    if (composing || event.isComposing || !box.matches("input[type=text], textarea")) return;
    if (box.closest(within) && !box.closest(except)) timer = setTimeout(commit, PAUSE, box);
  };
  document.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); }, true);
  document.addEventListener("compositionend", (event) => { composing = false; wait(event); }, true);
  document.addEventListener("input", wait, true);
  document.addEventListener("focusout", () => { composing = false; clearTimeout(timer); }, true);
}
"""
_committing = st.components.v2.component("rapport_committing", html="<span></span>", js=_SCRIPT)


def commit_while_typing(within: str, *, beside: str) -> None:
    """Texts inside the CSS selector `within`, and not inside `beside`, are sent 0.8 s after the last key.

    Focus and caret stay. A word that an input method is still composing is not cut.
    """
    with st.container(key="unseen_committing"):
        _committing(key="committing", data={"within": within, "except": beside})
