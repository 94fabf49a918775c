"""Two texts compared word by word: what was added is underlined, what was removed is struck through.

The texts are a customer's data: the browser gets them as data and writes them as text, never as markup.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import streamlit as st

from console.client.personas import Piece
from console.visit import say

_WORDS = re.compile(r"[\u3400-\u9fff]|\w+|\s+|[^\w\s]")
_LONGEST = 4_000
"""Words of a line that are compared; longer lines are shown as replaced whole."""

_STYLE = """
.sides { display: grid; gap: 16px; }
.sides.two { grid-template-columns: 1fr 1fr; }
@media (max-width: 640px) { .sides.two { grid-template-columns: 1fr; } }
.head { font-weight: 600; margin-bottom: 6px; font-size: 0.93rem; }
.text { border: 1px solid var(--st-border-color); border-radius: 8px; padding: 12px; margin: 0; overflow-y: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: inherit; font-size: 0.93rem; line-height: 1.6; }
.wrap { font-family: var(--st-font); color: var(--st-text-color); }
ins { text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 3px; border-radius: 3px;
  color: var(--st-green-text-color); background: var(--st-green-background-color); padding: 1px 0; }
del { text-decoration: line-through; border-radius: 3px; padding: 1px 0;
  color: var(--st-red-text-color); background: var(--st-red-background-color); }
ins::before { content: "+"; font-weight: 600; margin: 0 1px; }
del::before { content: "\\2212"; font-weight: 600; margin: 0 1px; }
button { display: block; width: 100%; border: 0; border-radius: 4px; margin: 6px 0; padding: 3px 8px; cursor: pointer;
  font: inherit; font-size: 0.86rem; text-align: left; color: var(--st-gray-text-color);
  background: var(--st-gray-background-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
"""
_SCRIPT = """
const AROUND = 2;

function folded(text, first, last, words) {
  const lines = text.split("\\n"), keep = AROUND + 1;
  const head = first ? 0 : keep, tail = last ? 0 : keep;
  if (lines.length < head + tail + 3) return [document.createTextNode(text)];
  const hidden = lines.slice(head, lines.length - tail);
  const before = lines.slice(0, head).join("\\n"), after = lines.slice(lines.length - tail).join("\\n");
  const more = document.createElement("button");
  more.type = "button";
  more.textContent = words.same.replace("{lines}", hidden.length);
  more.onclick = () => more.replaceWith(document.createTextNode(
    (head ? "\\n" : "") + hidden.join("\\n") + (tail ? "\\n" : "")));
  return [document.createTextNode(before), more, document.createTextNode(tail ? after : "")];
}

function side(data, kinds) {
  const text = document.createElement("div");
  text.className = "text";
  text.tabIndex = 0;
  text.style.maxHeight = data.height + "px";
  const pieces = data.pieces.filter(([kind]) => kind === "same" || kinds.includes(kind));
  pieces.forEach(([kind, words], at) => {
    if (kind === "same") {
      text.append(...folded(words, at === 0, at === pieces.length - 1, data.words));
    } else {
      const part = document.createElement(kind === "added" ? "ins" : "del");
      part.textContent = words;
      text.append(part);
    }
  });
  return text;
}

export default function ({ data, parentElement }) {
  const told = JSON.stringify(data);
  const wrap = parentElement.querySelector(".wrap");
  if (wrap.dataset.told === String(told.length) && wrap.told === told) return;
  wrap.told = told;
  wrap.dataset.told = String(told.length);
  const sides = document.createElement("div");
  sides.className = data.sides.length > 1 ? "sides two" : "sides";
  for (const one of data.sides) {
    const box = document.createElement("section");
    if (one.head) {
      const head = document.createElement("div");
      head.className = "head";
      head.textContent = one.head;
      box.append(head);
    }
    box.append(side(data, one.kinds));
    sides.append(box);
  }
  wrap.replaceChildren(sides);
}
"""
_draw = st.components.v2.component("rapport_difference", html='<div class="wrap"></div>', css=_STYLE, js=_SCRIPT)


def difference(pieces: Iterable[Piece], *, key: str, height: int = 420) -> None:
    """Both texts read as one; long parts that are the same are folded. `height` in pixels, at most."""
    _show(pieces, [{"head": "", "kinds": ["added", "removed"]}], key, height)


def side_by_side(before: tuple[str, str], after: tuple[str, str], *, key: str, height: int = 360) -> None:
    """Two texts beside each other, each a (heading, text), with the words that only one of them has marked."""
    sides = [{"head": before[0], "kinds": ["removed"]}, {"head": after[0], "kinds": ["added"]}]
    _show(compared(before[1], after[1]), sides, key, height)


def _show(pieces: Iterable[Piece], sides: Sequence[Mapping[str, object]], key: str, height: int) -> None:
    words = {"same": say("studio.same_lines", lines="{lines}")}
    told = [[piece.kind, piece.text] for piece in pieces]
    _draw(key=key, data={"pieces": told, "sides": [dict(side) for side in sides], "words": words, "height": height})


def compared(before: str, after: str) -> list[Piece]:
    """What makes `after` of `before`: first by line, then by word where lines stand in each other's place."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        a, b = "".join(old[i1:i2]), "".join(new[j1:j2])
        found += [Piece(kind="same", text=a)] if tag == "equal" else _by_word(_WORDS.findall(a), _WORDS.findall(b))
    return [piece for piece in found if piece.text]


def _by_word(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if max(len(old), len(new)) > _LONGEST:
        return iter((Piece(kind="removed", text="".join(old)), Piece(kind="added", text="".join(new))))
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return chain.from_iterable(_step(tag, "".join(old[a:b]), "".join(new[c:d])) for tag, a, b, c, d in codes)


def _step(tag: str, old: str, new: str) -> list[Piece]:
    if tag == "equal":
        return [Piece(kind="same", text=old)]
    return [Piece(kind="removed", text=old), Piece(kind="added", text=new)]
