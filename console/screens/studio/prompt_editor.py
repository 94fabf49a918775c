"""A large text box that saves by itself while one types and never loses the cursor.

The browser keeps the text; the script hears of it after a pause in typing and when the box is left. The box takes
another text only under another `generation`, so a save that comes back changes nothing under the hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

_STYLE = """
.wrap { font-family: var(--st-font); color: var(--st-text-color); }
label { display: block; font-size: 0.86rem; margin-bottom: 4px; }
textarea { box-sizing: border-box; width: 100%; min-height: 300px; padding: 12px; resize: vertical; font: inherit;
  font-size: 0.97rem; line-height: 1.6; color: inherit; background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 8px; }
textarea:focus { outline: 2px solid var(--st-primary-color); outline-offset: -1px; border-color: transparent; }
textarea:disabled { color: inherit; background: var(--st-secondary-background-color); cursor: not-allowed; }
.row { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin-top: 8px; font-size: 0.86rem; }
.row span { color: var(--st-gray-text-color); }
button { border: 1px solid var(--st-border-color); border-radius: 6px; background: none; color: inherit;
  cursor: pointer; padding: 2px 8px; font-family: var(--st-code-font); font-size: 0.82rem; min-height: 26px; }
button:hover:enabled { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:disabled { cursor: not-allowed; color: var(--st-gray-text-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
"""
_SCRIPT = """
const PAUSE = 600;

function fit(box) {
  const most = Math.max(320, window.innerHeight - 330);
  if (box.dataset.sized) return;
  box.style.height = Math.min(Math.max(box.scrollHeight + 4, 300), most) + "px";
}

function goTo(box, line, column) {
  const lines = box.value.split("\\n").slice(0, line);
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + Math.max(column - 1, 0);
  const word = box.value.slice(start).match(/^(\\$\\{[^}]*\\}|\\S+)/);
  box.focus();
  box.setSelectionRange(start, start + (word ? word[0].length : 0));
  box.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(box).lineHeight));
  box.scrollIntoView({ block: "nearest" });
}

function build(wrap) {
  const label = document.createElement("label"), box = document.createElement("textarea");
  const row = document.createElement("div");
  box.id = "text";
  label.htmlFor = "text";
  row.className = "row";
  box.spellcheck = false;
  wrap.append(label, box, row);
  Object.assign(wrap, { label, box, row, timer: 0, sent: null });
  wrap.send = () => {
    clearTimeout(wrap.timer);
    if (wrap.sent === box.value || box.disabled) return;
    wrap.sent = box.value;
    wrap.tell("text", { text: box.value, generation: wrap.generation });
  };
  box.oninput = () => { clearTimeout(wrap.timer); wrap.timer = setTimeout(wrap.send, PAUSE); };
  box.onblur = wrap.send;
  box.onkeydown = (event) => {
    if ((event.ctrlKey || event.metaKey) && (event.key === "s" || event.key === "Enter")) {
      event.preventDefault();
      wrap.send();
    }
  };
}

function chips(wrap, data) {
  const said = document.createElement("span");
  said.textContent = data.insert;
  wrap.row.replaceChildren(said, ...Object.entries(data.references).map(([name, meaning]) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = name;
    chip.title = meaning;
    chip.disabled = data.disabled;
    chip.onmousedown = (event) => event.preventDefault();
    chip.onclick = () => {
      wrap.box.focus();
      if (!document.execCommand("insertText", false, name)) wrap.box.setRangeText(name);
      wrap.box.oninput();
    };
    return chip;
  }));
}

export default function ({ data, parentElement, setStateValue }) {
  const wrap = parentElement.querySelector(".wrap");
  wrap.tell = setStateValue;
  if (!wrap.box) build(wrap);
  const fresh = wrap.generation !== data.generation;
  if (fresh) {
    wrap.generation = data.generation;
    wrap.box.value = wrap.sent = data.text;
  }
  wrap.label.textContent = data.label;
  wrap.box.disabled = data.disabled;
  wrap.box.title = data.why;
  chips(wrap, data);
  if (fresh) requestAnimationFrame(() => fit(wrap.box));
  if (data.jump && wrap.jumped !== data.jump.number) {
    wrap.jumped = data.jump.number;
    requestAnimationFrame(() => goTo(wrap.box, data.jump.line, data.jump.column));
  }
  return () => wrap.send();
}
"""
_box = st.components.v2.component("rapport_prompt", html='<div class="wrap"></div>', css=_STYLE, js=_SCRIPT)


@dataclass(frozen=True, slots=True)
class Jump:
    """A place to go to, 1-based; each jump has a number of its own."""

    number: int
    line: int
    column: int


def prompt_editor(
    text: str,
    *,
    key: str,
    generation: str,
    label: str,
    references: tuple[str, Mapping[str, str]],
    on_text: Callable[[str], None],
    why_not: str = "",
    jump: Jump | None = None,
) -> None:
    """Draws the box and calls `on_text` with what was typed. `references` are a heading and what can be inserted."""

    def heard() -> None:
        told = st.session_state[key].get("text")
        if told and told["generation"] == generation:
            on_text(told["text"])

    data = {
        "text": text,
        "generation": generation,
        "label": label,
        "insert": references[0],
        "references": dict(references[1]),
        "disabled": bool(why_not),
        "why": why_not,
        "jump": {"number": jump.number, "line": jump.line, "column": jump.column} if jump else None,
    }
    _box(key=key, data=data, on_text_change=heard)
