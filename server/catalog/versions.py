"""The history of personas in the database: version rows, and the one draft of each.

Every function takes a transaction, so that a check and the change it allows are one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from server.errors import Conflict, NotFound
from server.storage import Transaction


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A version of a persona. `author` is `file` when the file was changed on disk; times RFC 3339."""

    persona: str
    version: int
    digest: str
    fingerprint: str
    note: str
    author: str
    created_at: str


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version with its text, byte for byte."""

    persona: str
    version: int
    digest: str
    yaml: str


@dataclass(frozen=True, slots=True)
class DraftRow:
    """The draft as stored. `yaml` is None when there is none; `revision` is the last one ever given out."""

    revision: int
    base_version: int
    yaml: str | None
    author: str
    updated_at: str

    @property
    def current(self) -> int:
        """The revision that a saver has to know: 0 when there is no draft."""
        return self.revision if self.yaml is not None else 0


NO_DRAFT = DraftRow(0, 0, None, "", "")


@dataclass(frozen=True, slots=True)
class Aside:
    """A text that was refused since another stands, kept for the person who wrote it; `updated_at` RFC 3339."""

    yaml: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Theirs:
    """The text that stands in the way of another: somebody's draft, or what is published.

    `author` is `file` when the file was changed on disk, and empty, as `updated_at` (RFC 3339), when nothing ever was
    published.
    """

    kind: Literal["draft", "published"]
    yaml: str
    author: str = ""
    updated_at: str = ""

    def beside(self, yours: str, version: int, revision: int) -> dict[str, Any]:
        """Both texts as a conflict tells them, with what a saver has to name as its base now."""
        return {
            "yours": yours,
            "theirs": self.yaml,
            "theirs_is": self.kind,
            "author": self.author,
            "updated_at": self.updated_at,
            "version": version,
            "revision": revision,
        }


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What becomes a version when its bytes differ from the last one's."""

    persona: str
    digest: str
    fingerprint: str
    yaml: str
    author: str
    note: str
    at: str
    again: bool = False
    """Whether the same bytes once more are a version too: a persona that came back."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the database knows of a persona: who published it last and when, and its draft (NO_DRAFT: none)."""

    published_at: str = ""
    published_by: str = ""
    draft: DraftRow = NO_DRAFT


def overview(tx: Transaction) -> dict[str, Overview]:
    """The overview of every persona that has a version or a draft; one statement."""
    sql = (
        "SELECT v.persona, 0, 0, v.author, v.created_at, NULL FROM persona_version v JOIN"
        " (SELECT persona, max(version) AS version FROM persona_version GROUP BY persona) last"
        " ON last.persona = v.persona AND last.version = v.version UNION ALL"
        " SELECT persona, revision, base_version, author, updated_at, yaml FROM persona_draft WHERE yaml IS NOT NULL"
    )
    found: dict[str, Overview] = {}
    for persona, revision, base, author, at, text in tx.rows(sql):
        known = found.get(persona, Overview())
        is_draft = text is not None
        found[persona] = (
            replace(known, draft=DraftRow(revision, base, text, author, at))
            if is_draft
            else replace(known, published_at=at, published_by=author)
        )
    return found


def heads(tx: Transaction) -> dict[str, VersionText]:
    """The last version of each persona."""
    return {last.persona: last for last, _ in heads_with_time(tx)}


def heads_with_time(tx: Transaction) -> list[tuple[VersionText, str]]:
    """The last version of each persona, with when it was made."""
    sql = (
        "SELECT v.persona, v.version, v.digest, v.yaml, v.created_at FROM persona_version v JOIN"
        " (SELECT persona, max(version) AS version FROM persona_version GROUP BY persona) last"
        " ON last.persona = v.persona AND last.version = v.version"
    )
    return [(VersionText(*row[:4]), row[4]) for row in tx.rows(sql)]


def head(tx: Transaction, persona: str) -> VersionText | None:
    """The last version of one persona, None when it never had one."""
    sql = "SELECT persona, version, digest, yaml FROM persona_version WHERE persona = ? ORDER BY version DESC"
    row = tx.row(f"{sql} LIMIT 1", persona)
    return VersionText(*row) if row else None


def published(tx: Transaction, persona: str) -> Theirs | None:
    """The last version as what stands in the way of another text, None when there never was one."""
    sql = "SELECT yaml, author, created_at FROM persona_version WHERE persona = ? ORDER BY version DESC LIMIT 1"
    row = tx.row(sql, persona)
    return Theirs("published", *row) if row else None


def record(tx: Transaction, new: NewVersion) -> VersionText:
    """Adds a version unless the last one has the same bytes; the persona's last version afterwards.

    The same bytes `again` are a version all the same.
    A draft with exactly this text is what was published: it goes, and its author is the version's.
    """
    tx.lock(f"persona:{new.persona}")
    last = head(tx, new.persona)
    waiting = draft(tx, new.persona)
    author = new.author
    if waiting.yaml == new.yaml:
        author = waiting.author if author == "file" else author
        clear_draft(tx, new.persona)
    if last and last.digest == new.digest and not new.again:
        return last
    made = VersionText(new.persona, last.version + 1 if last else 1, new.digest, new.yaml)
    tx.run(
        "INSERT INTO persona_version (persona, version, digest, fingerprint, yaml, note, author, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(made.persona, made.version, made.digest, new.fingerprint, made.yaml, new.note, author, new.at),
    )
    return made


def versions(tx: Transaction, persona: str) -> list[VersionInfo]:
    """All versions of a persona, newest first."""
    sql = (
        "SELECT persona, version, digest, fingerprint, note, author, created_at"
        " FROM persona_version WHERE persona = ? ORDER BY version DESC"
    )
    return [VersionInfo(*row) for row in tx.rows(sql, persona)]


def version(tx: Transaction, persona: str, number: int) -> VersionText:
    """One version; raises NotFound."""
    sql = "SELECT persona, version, digest, yaml FROM persona_version WHERE persona = ? AND version = ?"
    row = tx.row(sql, persona, number) if 0 < number < 2**31 else None
    if row is None:
        raise NotFound(f"The persona `{persona}` has no version {number}.")
    return VersionText(*row)


def draft(tx: Transaction, persona: str) -> DraftRow:
    """The draft of a persona, or NO_DRAFT."""
    sql = "SELECT revision, base_version, yaml, author, updated_at FROM persona_draft WHERE persona = ?"
    row = tx.row(sql, persona)
    return DraftRow(*row) if row else NO_DRAFT


def save_draft(
    tx: Transaction, persona: str, text: str, base: tuple[int, int], author: str, at: str, otherwise: str
) -> DraftRow:
    """Stores a draft that was made on `base`, the version and revision its author saw.

    Raises Conflict with both texts when either is stale; `otherwise` is the text in service where no version is.
    """
    tx.lock(f"persona:{persona}")
    before = fresh(tx, persona, base, text, otherwise)
    stored = draft(tx, persona).revision
    row = DraftRow(stored + 1, before, text, author, at)
    tx.run(
        "INSERT INTO persona_draft (persona, revision, base_version, yaml, author, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (persona) DO UPDATE SET revision = excluded.revision,"
        " base_version = excluded.base_version, yaml = excluded.yaml, author = excluded.author,"
        " updated_at = excluded.updated_at",
        *(persona, row.revision, row.base_version, row.yaml, row.author, row.updated_at),
    )
    return row


def fresh(tx: Transaction, persona: str, base: tuple[int, int], yours: str, otherwise: str) -> int:
    """The last version when `base`, a version and a revision, is what is there now; else raises Conflict."""
    last = head(tx, persona)
    now, waiting = (last.version if last else 0), draft(tx, persona)
    if base == (now, waiting.current):
        return now
    if waiting.yaml is not None and base[1] != waiting.current:
        theirs = Theirs("draft", waiting.yaml, waiting.author, waiting.updated_at)
    else:
        theirs = published(tx, persona) or Theirs("published", otherwise)
    what = f"version {now}" if base[0] != now else "the draft"
    raise _changed_meanwhile(persona, what, theirs.beside(yours, now, waiting.current))


def _changed_meanwhile(persona: str, what: str, texts: dict[str, Any]) -> Conflict:
    return Conflict(
        f"Somebody changed the persona `{persona}` meanwhile: {what} is not what you started from."
        " Compare the two texts and save again.",
        extra=texts,
    )


def discard_draft(tx: Transaction, persona: str, principal: str, revision: int | None, otherwise: str) -> None:
    """Deletes the draft's text and what was put aside for that person.

    Raises Conflict with both texts when `revision` is given and another draft stands. Yours is then what was put
    aside, else the text in service, for which `otherwise` stands where no version is.
    """
    tx.lock(f"persona:{persona}")
    waiting = draft(tx, persona)
    if revision is not None and waiting.yaml is not None and waiting.current != revision:
        last, mine = head(tx, persona), aside(tx, persona, principal)
        yours = mine.yaml if mine else last.yaml if last else otherwise
        theirs = Theirs("draft", waiting.yaml, waiting.author, waiting.updated_at)
        raise _changed_meanwhile(
            persona, "the draft", theirs.beside(yours, last.version if last else 0, waiting.current)
        )
    clear_draft(tx, persona)
    clear_aside(tx, persona, principal)


def clear_draft(tx: Transaction, persona: str) -> bool:
    """Deletes the draft's text; its counter of revisions stays. Whether there was one."""
    return tx.run("UPDATE persona_draft SET yaml = NULL WHERE persona = ? AND yaml IS NOT NULL", persona) > 0


def aside(tx: Transaction, persona: str, principal: str) -> Aside | None:
    """The text that was put aside for that person, None when there is none."""
    row = tx.row("SELECT yaml, updated_at FROM persona_aside WHERE persona = ? AND principal = ?", persona, principal)
    return Aside(*row) if row else None


def put_aside(tx: Transaction, persona: str, principal: str, text: Aside) -> None:
    """Keeps a refused text for the person who wrote it, in the place of the one before."""
    tx.run(
        "INSERT INTO persona_aside (persona, principal, yaml, updated_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (persona, principal) DO UPDATE SET yaml = excluded.yaml, updated_at = excluded.updated_at",
        *(persona, principal, text.yaml, text.updated_at),
    )


def clear_aside(tx: Transaction, persona: str, principal: str | None = None) -> None:
    """Deletes what was put aside for that person; without one for everybody."""
    if principal is None:
        tx.run("DELETE FROM persona_aside WHERE persona = ?", persona)
    else:
        tx.run("DELETE FROM persona_aside WHERE persona = ? AND principal = ?", persona, principal)
