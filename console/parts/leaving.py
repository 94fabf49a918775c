"""A word before a page is left on which something typed has not reached the server."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data }) {
  window.rapportWaiting = data.waiting;
  if (window.rapportLeaving) return;
  window.rapportLeaving = true;
  let typed = null;
  document.addEventListener("input", (event) => {
    if (event.target.closest(data.within)) typed = event.target;
  }, true);
  document.addEventListener("focusout", () => { typed = null; }, true);
  window.addEventListener("beforeunload", (event) => {
    const place = document.querySelector(data.within);
    if (!place || !(window.rapportWaiting || typed)) return;
    if (typed) typed.blur();
    event.preventDefault();
  });
}
"""
_leaving = st.components.v2.component("rapport_leaving", html="<span></span>", js=_SCRIPT)


def ask_before_leaving(within: str, *, waiting: bool) -> None:
    """The browser asks before it leaves the page while `waiting`, or while an input inside the CSS selector `within`
    holds words that were typed just now; those are sent while it asks."""
    with st.container(key="unseen_leaving"):
        _leaving(key="leaving", data={"within": within, "waiting": waiting})
