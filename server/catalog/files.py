"""The folders of the catalog: what is in them, reading inside them, and replacing a file whole."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from server.catalog.problems import Problem

NAME = re.compile(r"[a-z0-9_-]{1,64}")
EXTENSIONS = (".yaml", ".yml")
ARCHIVE = ".archive"
_ARCHIVED = re.compile(r"([a-z0-9_-]{1,64})\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d*)Z(?:-\w+)?\.ya?ml")
_TEMPORARY = ".rapport-tmp"
_STALE_SECONDS = 600.0

Signature = tuple[int, int, int, int]
"""Modified and changed (nanoseconds), bytes, inode: when all are the same, so is the file."""


class Unreadable(Exception):
    """A file cannot be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A YAML file of a folder. `problem` says why it cannot be taken, whatever it holds."""

    name: str
    path: Path
    file: str
    problem: Problem | None = None


def shown(path: Path) -> str:
    """The path as problems name it."""
    return path.as_posix()


def entries(folder: Path) -> tuple[Entry, ...]:
    """The YAML files of a folder by name; other files, folders and hidden files are left alone.

    A folder that is not there holds nothing.
    """
    found: dict[str, Entry] = {}
    spare: list[Entry] = []
    for entry in sorted(_listed(folder), key=lambda path: path.name):
        known = found.get(entry.stem)
        made = _entry(folder, entry, known)
        if known is None and NAME.fullmatch(entry.stem):
            found[entry.stem] = made
        else:
            spare.append(made)
    return (*found.values(), *spare)


def _listed(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as listing:
        for entry in listing:
            if entry.name.endswith(EXTENSIONS) and not entry.name.startswith(".") and not _is_folder(entry):
                yield folder / entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return entry.is_dir()
    return False


def _entry(folder: Path, path: Path, known: Entry | None) -> Entry:
    file = shown(folder / os.fsencode(path.name).decode("utf-8", "replace"))
    if not NAME.fullmatch(path.stem):
        words = "the file's name may hold a-z, 0-9, `_` and `-`, at most 64; rename it, such as guide.yaml"
        return Entry(path.stem, path, file, Problem(file, 1, 1, words))
    if known is not None:
        words = f"the name `{path.stem}` is taken by {known.file}; remove or rename one of the two"
        return Entry(path.stem, path, file, Problem(file, 1, 1, words))
    return Entry(path.stem, path, file)


def inside(folder: Path, relative: str) -> Path:
    """The real file that a relative path names; raises Unreadable when that is outside or no file."""
    parts = PurePosixPath(relative).parts
    if not parts or "\0" in relative or "\\" in relative or ".." in parts or PurePosixPath(relative).is_absolute():
        raise Unreadable(f"`{relative}` has to be a file inside {shown(folder)}, such as knowledge/pricing.md")
    path = _real(folder, folder / relative)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise Unreadable(f"`{relative}` is not in {shown(folder)}: {_reason(error)}") from None
    if not stat.S_ISREG(mode):
        raise Unreadable(f"`{relative}` is not a file")
    return path


def _real(folder: Path, path: Path) -> Path:
    try:
        real = path.resolve()
        within = real.is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:
        raise Unreadable(f"{shown(path)}: {_reason(error)}") from None
    if not within:
        raise Unreadable(f"{shown(path)} leads out of {shown(folder)}; links may not leave the folder")
    return real


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return str(error)


def signature(path: Path) -> Signature | None:
    """What tells that a file is unchanged; None when it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def read_inside(folder: Path, relative: str, max_bytes: int) -> bytes:
    """A file's bytes; raises Unreadable when it is outside the folder, no file, unreadable or too large."""
    path = inside(folder, relative)
    try:
        # Opened without waiting, so that a pipe put in the file's place blocks nobody.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            data = opened.read(max_bytes + 1)
    except OSError as error:
        raise Unreadable(f"`{relative}` cannot be read: {_reason(error)}") from None
    if len(data) > max_bytes:
        raise Unreadable(f"`{relative}` has more than {max_bytes:,} bytes")
    return data


def write_aside(target: Path, data: bytes) -> Path:
    """A synced temporary file beside the target, hidden, ready to take its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(6)}{_TEMPORARY}")
    with open(aside, "xb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    with contextlib.suppress(FileNotFoundError):
        os.chmod(aside, stat.S_IMODE(target.stat().st_mode))
    return aside


def put_in_place(aside: Path, target: Path) -> None:
    """Renames the temporary file over the target, durably: readers see the old or the new whole."""
    os.replace(aside, target)
    sync_folder(target.parent)


def put_new(aside: Path, target: Path) -> None:
    """Like `put_in_place`, and raises FileExistsError when the target is there already."""
    try:
        os.link(aside, target)
    finally:
        aside.unlink()
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def in_archive(path: Path, moment: str) -> Path:
    """A free name in the archive beside a file, made of its name and that moment."""
    archive = path.parent / ARCHIVE
    archive.mkdir(exist_ok=True)
    stem = f"{path.stem}.{re.sub('[^0-9TZ]', '', moment)}"
    target = archive / f"{stem}{path.suffix}"
    while target.exists():
        target = archive / f"{stem}-{secrets.token_hex(2)}{path.suffix}"
    return target


def archived_at(folder: Path) -> dict[str, str]:
    """The newest moment (RFC 3339) at which a file of each name went to the folder's archive."""
    found: dict[str, str] = {}
    archive = folder / ARCHIVE
    for path in archive.iterdir() if archive.is_dir() else ():
        if stamp := _ARCHIVED.fullmatch(path.name):
            name, year, month, day, hour, minute, second, rest = stamp.groups()
            moment = f"{year}-{month}-{day}T{hour}:{minute}:{second}{'.' + rest if rest else ''}Z"
            found[name] = max(moment, found.get(name, ""))
    return found


def move(path: Path, target: Path) -> None:
    """Moves a file to another folder, durably."""
    os.replace(path, target)
    sync_folder(target.parent)
    sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Removes temporary files that a killed process left, once they are ten minutes old."""
    if folder.is_dir():
        for path in [*folder.glob(f".*{_TEMPORARY}"), *folder.glob(f"*/.*{_TEMPORARY}")]:
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()
