"""Copying by a button: the page's address or a text; and the place on the page that the address names."""

from __future__ import annotations

import streamlit as st

_COPY = """
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = async () => {
    const address = data.text ?? location.href;
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      const box = document.createElement("textarea");
      box.value = address;
      document.body.appendChild(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    button.textContent = data.copied;
    setTimeout(() => { button.textContent = data.label; }, 2000);
  };
}
"""
_BUTTON = """
button { font: inherit; color: var(--st-text-color); background: var(--st-background-color); cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); padding: 4px 12px;
  min-height: 2.5rem; white-space: nowrap; }
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""
_SCROLL = """
export default function ({ data }) {
  const look = (left) => {
    const place = document.querySelector(`.st-key-${data.key}`);
    if (place) place.scrollIntoView({ block: "start" });
    else if (left) setTimeout(look, 100, left - 1);
  };
  setTimeout(look, 150, 30);
}
"""
_FIRST = """
button { color: #fff; background: var(--st-primary-color); border-color: var(--st-primary-color); }
button:hover, button:focus-visible { color: #fff; filter: brightness(1.1); }
@media (prefers-color-scheme: dark) { button, button:hover, button:focus-visible { color: #11171a; } }
"""
_copy = st.components.v2.component("rapport_copy", html="<button></button>", css=_BUTTON, js=_COPY)
_copy_first = st.components.v2.component("rapport_copy_first", html="<button></button>", css=_BUTTON + _FIRST, js=_COPY)
_scroll = st.components.v2.component("rapport_scroll", html="<span></span>", js=_SCROLL)


def copy_address(label: str, copied: str) -> None:
    """A button that puts the page's address, as it is at the click, on the clipboard."""
    _copy(key="copy_address", data={"label": label, "copied": copied}, width="content")


def copy_text(text: str, key: str, label: str, copied: str) -> None:
    """A button that puts a text on the clipboard, as the first thing to do."""
    _copy_first(key=key, data={"label": label, "copied": copied, "text": text}, width="content")


def bring_into_view(key: str) -> None:
    """Scrolls to the container of that key as soon as it is drawn."""
    with st.container(key="unseen_scroll"):
        _scroll(key=f"scroll_{key}", data={"key": key})
