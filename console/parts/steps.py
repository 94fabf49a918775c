"""Back and Forward: one step for one link.

Streamlit enters a link to another page with a query twice into the browser's history, first the query under the old
path, then the path: Back would stop at the old page with the other page's query, its own filters lost.
"""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function () {
  if (window.rapportSteps) return;
  window.rapportSteps = true;
  const push = history.pushState.bind(history);
  const within = 3000;
  let halfway = null;
  history.pushState = (state, title, address) => {
    const to = new URL(address ?? "", location.href);
    if (to.pathname === location.pathname) {
      halfway = { at: performance.now(), search: to.search };
      push(state, title, address);
      return;
    }
    const second = halfway && to.search && to.search === halfway.search && performance.now() - halfway.at < within;
    halfway = null;
    if (second) history.replaceState(state, title, address);
    else push(state, title, address);
  };
}
"""
_mend = st.components.v2.component("rapport_steps", html="<span></span>", js=_SCRIPT)


def mend_steps() -> None:
    """Joins the two entries into one, in every page of this tab."""
    with st.container(key="unseen_steps"):
        _mend(key="history_steps")
