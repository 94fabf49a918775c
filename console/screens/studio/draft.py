"""The text that is being edited: kept on the server at every change, and here while the server will not have it.

Forms edit `spec` by `change` and `put`, the YAML tab edits `yaml` by `write_text`. Each saves at once. A text that was
not saved stays here, in the tab's session, and is what forms and editor show until it is.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import streamlit as st
import yaml

from console.client import Refused, ServerAway, SignedOut
from console.client.personas import Draft, Hint, Persona, PersonaProblem
from console.parts.problem import in_words
from console.visit import current, forget

Path = tuple[str | int, ...]
Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A change that the server does not have yet: of the text, or of its content. `said` is why it was refused."""

    why: Literal["away", "refused"]
    yaml: str | None = None
    spec: Spec | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """Two texts of one persona; `version` and `revision` are what theirs stands on now.

    `theirs_is`, `author` (`file`: changed on disk) and `updated_at` (RFC 3339) say whose theirs is and since when.
    `mine_by` is whose draft mine is, where it is not one's own.
    """

    mine: str
    theirs: str
    version: int
    revision: int
    theirs_is: Literal["draft", "published"] = "published"
    author: str = ""
    updated_at: str = ""
    mine_by: str = ""


class DraftEdit:
    """One persona's text in this browser tab; draft, else what is published."""

    def __init__(self, persona: Persona) -> None:
        self.name = persona.name
        self.seed = 0
        self.text_seed = 0
        self.unsaved: Unsaved | None = None
        self.clash: Clash | None = None
        self.let_go: str | None = None
        self._typed: Unsaved | None = None
        self._is_replaced = False
        self._take(persona)

    # --- what there is ------------------------------------------------------------------------------------------

    @property
    def spec(self) -> Spec:
        """What the text says, only what is written. A copy: change it and give it to `change`."""
        typed = self.unsaved or self._typed
        unsaved = typed.spec if typed else None
        return copy.deepcopy(unsaved if unsaved is not None else self._spec or {})

    @property
    def yaml(self) -> str:
        """The text."""
        typed = self.unsaved or self._typed
        unsaved = typed.yaml if typed else None
        return self._yaml if unsaved is None else unsaved

    @property
    def is_readable(self) -> bool:
        """Whether forms can show the text: it is YAML, and no other text of it waits to be saved."""
        return self._spec is not None and not (self.unsaved and self.unsaved.yaml is not None)

    @property
    def may_edit(self) -> bool:
        """Whether the person may change it."""
        return current().may("editor")

    @property
    def errors(self) -> tuple[PersonaProblem, ...]:
        """The problems that keep the text from being published."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def stand(self) -> tuple[object, ...]:
        """What the studio's head shows of it; when it differs, the head is drawn anew."""
        clock = (self.saved_at or "")[:16]
        may = self.may_edit
        return (may, self.has_draft, self.base_version, len(self.errors), clock, self.unsaved, self.clash)

    def get(self, path: Path, otherwise: Any = None) -> Any:
        """The value at a path, such as `("collect", "fields", 0, "name")`."""
        value: Any = self.spec
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return otherwise
        return value

    # --- changing it --------------------------------------------------------------------------------------------

    def draw_begins(self) -> None:
        """From now on inputs show the text that stands here."""
        self._is_replaced = False

    def change(self, spec: Spec) -> None:
        """Saves a text that says this; comments and order of the rest stay.

        Nothing when another text was chosen in the same run: the inputs that send this still showed the one before.
        """
        if spec != self.spec and not self._is_replaced:
            self._save(Unsaved("away", spec=spec))

    def put(self, path: Path, value: Any) -> None:
        """Sets one key, or an entry of a list; None removes it, and what is empty above it.

        Nothing when the entry that it lies in is gone: its input had not heard of that yet.
        """
        spec = self.spec
        _put(spec, path, value)
        self.change(spec)

    def write_text(self, yaml: str) -> None:
        """Saves this text, as `change` does. One that is not YAML is kept as well, with its problems."""
        if yaml != self.yaml and not self._is_replaced:
            self._save(Unsaved("away", yaml=yaml))
            self.seed += 1

    def retry(self) -> bool:
        """Saves what could not be saved; whether nothing is left."""
        if self.unsaved:
            self._save(self.unsaved)
        return self.unsaved is None

    def drop_unsaved(self) -> None:
        """Goes back to what the server has."""
        self.unsaved = None
        self._anew()

    # --- two texts ----------------------------------------------------------------------------------------------

    def keep_mine(self, mine: str) -> None:
        """Saves my text over theirs; theirs can be taken back by `take_back`."""
        clash, self.clash = self.clash, None
        if clash:
            self.base_version, self.revision = clash.version, clash.revision
            self._save(Unsaved("away", yaml=mine))
            self.let_go = clash.theirs
            self._anew()

    def take_theirs(self) -> None:
        """Goes on with their text; mine can be taken back by `take_back`. Raises Refused or ServerAway.

        When the draft to be thrown away is another by now, it is theirs, and there is to choose again.
        """
        clash = self.clash
        if clash is None:
            return
        if clash.theirs_is == "published" and clash.revision:
            if not self._thrown_away(clash.revision, clash.mine):  # takes what was put aside with it
                return
        else:
            current().api.personas.drop_aside(self.name)
        self.clash = self.unsaved = None
        self.reload()
        self.let_go, self._is_replaced = clash.mine, True

    def discard(self) -> None:
        """Throws the draft away; it can be taken back by `take_back`. Raises Refused or ServerAway.

        When another draft stands by now, both are here to choose from.
        """
        gone = self.yaml
        if self._thrown_away(self.revision, gone):
            self.clash = self.unsaved = None
            self.reload()
            self.let_go, self._is_replaced = gone, True

    def _thrown_away(self, revision: int, mine: str) -> bool:
        """Whether the draft of that revision is gone; when it is another by now, there is a clash with it."""
        try:
            current().api.personas.discard_draft(self.name, revision)
        except Refused as refused:
            if not self.met_conflict(refused) or self.clash is None:
                raise
            self.clash, self.unsaved = replace(self.clash, mine=mine), None
            return False
        return True

    def take_back(self) -> None:
        """Saves the text that was let go last as the draft."""
        text, self.let_go = self.let_go, None
        if text is not None:
            self._save(Unsaved("away", yaml=text))
            self._anew()
            self._is_replaced = True

    # --- from the server ----------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Asks the server again; what waits here stays. Raises ServerAway, SignedOut or Refused."""
        self.meet(current().api.personas.one(self.name))

    def meet(self, persona: Persona) -> None:
        """Takes what the server has now, unless something here is not saved yet: that decides itself at saving."""
        self.published = persona
        if self.unsaved or self.clash:
            return
        before = (self.revision, self.base_version, self._yaml)
        self._take(persona)
        if before != (self.revision, self.base_version, self._yaml):
            self._anew()

    def _take(self, persona: Persona) -> None:
        self.published, self._typed = persona, None
        self.clash = _clash_of(persona) if self.may_edit else None
        if persona.draft:
            self._take_draft(persona.draft)
            return
        self.has_draft = False
        self.revision, self.base_version = 0, persona.version
        self._yaml, self._spec = persona.yaml, persona.spec
        self.problems: tuple[PersonaProblem, ...] = ()
        self.hints: tuple[Hint, ...] = persona.hints
        self.prompt_tokens = persona.prompt_tokens
        self.saved_at: str | None = None
        self.author = ""

    def _take_draft(self, draft: Draft) -> None:
        self.has_draft, self._typed = True, None
        self.revision, self.base_version = draft.revision, draft.base_version
        self._yaml, self._spec = draft.yaml, draft.spec
        self.problems, self.hints = draft.problems, draft.hints
        self.prompt_tokens = draft.prompt_tokens
        self.saved_at, self.author = draft.updated_at, draft.author

    def _anew(self) -> None:
        self.seed += 1
        self.text_seed += 1

    def _save(self, change: Unsaved) -> None:
        base_version, revision = self._base()
        base = {"base_version": base_version, "base_revision": revision}
        try:
            draft = current().api.personas.save_draft(self.name, **base, yaml=change.yaml, spec=change.spec)
        except ServerAway:
            self.unsaved = Unsaved("away", change.yaml, change.spec)
        except SignedOut:
            self.unsaved = Unsaved("away", change.yaml, change.spec)
            forget()
        except Refused as refused:
            self._refused(refused, change)
        else:
            self.unsaved, self.let_go = None, None
            self._take_draft(draft)
            self.text_seed += change.yaml is None

    def _base(self) -> tuple[int, int]:
        """Version and revision that a save stands on.

        While two texts wait for a choice it is one that is never current: what was typed on is then refused, put aside
        as mine, and in nobody's way.
        """
        if self.clash is None:
            return self.base_version, self.revision
        return (0, self.revision) if self.clash.version else (0, max(0, self.clash.revision - 1))

    def met_conflict(self, refused: Refused) -> bool:
        """Whether the refusal tells of another's text; then both are here to choose from."""
        extra = refused.extra
        if refused.status != 409 or "yours" not in extra:
            return False
        self.clash = Clash(
            extra["yours"],
            extra["theirs"],
            int(extra["version"]),
            int(extra["revision"]),
            "draft" if extra.get("theirs_is") == "draft" else "published",
            str(extra.get("author", "")),
            str(extra.get("updated_at", "")),
        )
        return True

    def was_overtaken(self) -> bool:
        """Whether another text stands where this one came from; then both are here to choose from."""
        mine, now = self.yaml, current().api.personas.one(self.name)
        self.clash = _clash_of(now) or _against(mine, now)
        return self.clash is not None

    def _refused(self, refused: Refused, change: Unsaved) -> None:
        self.unsaved, self._typed = None, change  # what is typed until the choice is shown, goes on from it
        if not self.met_conflict(refused):
            self._typed = None
            said = "; ".join(error.message for error in refused.errors) or in_words(refused)
            self.unsaved = Unsaved("refused", change.yaml, change.spec, said)


def _against(mine: str, persona: Persona) -> Clash | None:
    """My text against the draft, else against what is published; None when they are the same."""
    draft, version = persona.draft, persona.version
    by, at = persona.published_by or "", persona.published_at or ""
    if draft:
        clash = Clash(mine, draft.yaml, version, draft.revision, "draft", draft.author, draft.updated_at)
    else:
        clash = Clash(mine, persona.yaml, version, 0, "published", by, at)
    return clash if clash.theirs != mine else None


def _clash_of(persona: Persona) -> Clash | None:
    """What has to be chosen before going on: my text was put aside, or the draft stands on an older version."""
    if persona.aside and (found := _against(persona.aside.yaml, persona)):
        return found
    draft, version = persona.draft, persona.version
    if draft is None or draft.base_version >= version or draft.yaml == persona.yaml:
        return None
    by, at = persona.published_by or "", persona.published_at or ""
    mine_by = "" if draft.author in (current().me.name, current().me.id) else draft.author
    return Clash(draft.yaml, persona.yaml, version, draft.revision, "published", by, at, mine_by)


def open_draft(name: str) -> DraftEdit:
    """The draft of this tab, met with what the server has now. Raises Refused or SignedOut.

    Raises ServerAway only when there is nothing to go on with.
    """
    drafts: dict[str, DraftEdit] = st.session_state.setdefault("drafts", {})
    known = drafts.get(name)
    try:
        persona = current().api.personas.one(name)
    except ServerAway:
        if known is None:
            raise
        return known
    if known is None:
        known = drafts[name] = DraftEdit(persona)
    else:
        known.meet(persona)
        if known.unsaved and known.unsaved.why == "away":
            known.retry()
    return known


def _put(spec: Spec, path: Path, value: Any) -> None:
    """Sets or removes in place, making the maps on the way; nothing when an entry of a list on the way is gone."""
    if value is None:
        _remove(spec, path)
        return
    at: Any = spec
    for key, following in pairwise(path):
        if isinstance(at, dict):
            at = at.setdefault(key, [] if isinstance(following, int) else {})
        elif _is_entry(at, key):
            at = at[key]
        else:
            return
    last = path[-1]
    if isinstance(at, dict) or _is_entry(at, last):
        at[last] = value
    elif isinstance(at, list) and last == len(at):
        at.append(value)


def _is_entry(at: object, key: str | int) -> bool:
    return isinstance(at, list) and isinstance(key, int) and key < len(at)


def _remove(spec: Spec, path: Path) -> None:
    above: list[Any] = [spec]
    for key in path[:-1]:
        try:
            above.append(above[-1][key])
        except (KeyError, IndexError, TypeError):
            return
    for holder, key in zip(reversed(above), reversed(path), strict=True):
        if isinstance(holder, dict):
            holder.pop(key, None)
        elif isinstance(key, int) and key < len(holder):
            del holder[key]
        if holder or isinstance(holder, list):
            return


def unsaved_texts() -> list[str]:
    """What was typed in this tab and has not reached the server, as YAML."""
    drafts: dict[str, DraftEdit] = st.session_state.get("drafts", {})
    waiting = [draft.unsaved for draft in drafts.values() if draft.unsaved]
    return [one.yaml or yaml.safe_dump(one.spec, allow_unicode=True, sort_keys=False) for one in waiting]
