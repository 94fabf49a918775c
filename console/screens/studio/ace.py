"""What the packaged code editor has no argument for: marks at lines, going to a line, a name for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.screens.studio.prompt_editor import Jump

_SCRIPT = """
const jumped = new Map();

// The schema's words are offered only where a key begins: Enter in a sentence must stay an Enter. The list follows
// each key at once, as its own timer is late when keys come fast, and Enter would then take a word of before.
function offerKeys(editor) {
  if (editor.rapportOffers) return;
  editor.rapportOffers = true;
  editor.commands.on("afterExec", (done) => {
    if (done.command.name !== "insertstring") return;
    const { row, column } = editor.getCursorPosition();
    const token = editor.session.getTokenAt(row, column);
    const before = editor.session.getLine(row).slice(0, column);
    const isKey = /^[ ]*(- +)?[a-z_]+$/.test(before) && !/string|comment/.test(token ? token.type : "");
    const open = editor.completer && editor.completer.activated;
    if (open && !isKey) editor.completer.detach();
    else if (open) editor.completer.updateCompletions(true);
    else if (isKey) editor.execCommand("startAutocomplete");
  });
}

function guide(editor, data) {
  const session = editor.session, Range = editor.getSelectionRange().constructor;
  session.setUseWorker(false);
  editor.setOptions({ showGutter: true, showLineNumbers: true, enableBasicAutocompletion: true });
  editor.renderer.setScrollMargin(0, 0, 0, 0);
  offerKeys(editor);
  editor.textInput.getElement().setAttribute("aria-label", data.label);
  for (const marker of editor.rapportMarks || []) session.removeMarker(marker);
  editor.rapportMarks = data.problems.map(([line]) =>
    session.addMarker(new Range(line - 1, 0, line - 1, 1), "rapport-problem", "fullLine"));
  session.setAnnotations(data.problems.map(([line, column, text, type]) =>
    ({ row: line - 1, column: column - 1, text, type })));
  const page = editor.container.ownerDocument;
  if (!page.getElementById("rapport-marks")) {
    const style = page.createElement("style");
    style.id = "rapport-marks";
    style.textContent = ".rapport-problem { position: absolute; background: rgba(200, 60, 50, 0.18); }";
    page.head.append(style);
  }
  if (data.jump && jumped.get(data.key) !== data.jump.number) {
    jumped.set(data.key, data.jump.number);
    editor.gotoLine(data.jump.line, data.jump.column - 1, false);
    editor.focus();
  }
}

export default function ({ data }) {
  let stopped = false;
  const look = (left) => {
    if (stopped) return;
    const frame = document.querySelector(data.frame);
    const place = frame && frame.contentDocument && frame.contentDocument.querySelector(".ace_editor");
    const editor = place && place.env && place.env.editor;
    if (editor && editor.getValue() !== "" ) guide(editor, data);
    else if (left) setTimeout(look, 150, left - 1);
  };
  look(60);
  return () => { stopped = true; };
}
"""
_guide = st.components.v2.component("rapport_ace", html="<span></span>", js=_SCRIPT)


def guide_editor(
    frame: str,
    *,
    label: str,
    problems: Sequence[tuple[int, int, str, str]],
    jump: Jump | None,
    key: str,
) -> None:
    """Marks `problems` (line, column, message, severity; 1-based) in the editor inside `frame`, a CSS selector."""
    data = {
        "frame": frame,
        "key": key,
        "label": label,
        "problems": [list(each) for each in problems],
        "jump": {"number": jump.number, "line": jump.line, "column": jump.column} if jump else None,
    }
    with st.container(key="unseen"):
        _guide(key=key, data=data)
