"""A cookie that the page itself may read and set, such as the language; never the session."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.value}; Path=/; Max-Age=${data.seconds}; SameSite=Lax${secure}`;
  document.documentElement.lang = data.value;
}
"""
_set = st.components.v2.component("rapport_cookie", html="<span></span>", js=_SCRIPT)


def keep_cookie(name: str, value: str, seconds: int) -> None:
    """Sets the cookie in the browser. `name` and `value` are the console's own words, never a visitor's."""
    with st.container(key="unseen"):
        _set(key=f"cookie_{name}", data={"name": name, "value": value, "seconds": seconds})
