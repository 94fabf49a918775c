"""Knowledge files of each format, cut into pieces: one fact or a small group of facts each."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

MAX_BYTES = 20_000_000
MAX_PAGES = 5_000
MAX_CHARACTERS = 10_000_000
MAX_UNPACKED = 200_000_000
MAX_ENTRIES = 10_000
LONGEST_PIECE = 800
"""Characters after which a paragraph is cut at the next end of a sentence."""


class KnowledgeError(ValueError):
    """A knowledge file that cannot be read. `path` is the file as the persona names it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a file and the headings it stands under, outermost first."""

    headings: tuple[str, ...]
    text: str


def read(path: str, data: bytes) -> list[Piece]:
    """The pieces of a file; its ending decides the format.

    Raises KnowledgeError when the format is unknown, the file is broken, too large, or holds no text.
    """
    reader = _READERS.get(PurePosixPath(path).suffix.lower())
    if reader is None:
        raise KnowledgeError(path, f"not a known format; use one of {', '.join(_READERS)}")
    if len(data) > MAX_BYTES:
        raise KnowledgeError(path, f"{len(data):,} bytes; at most {MAX_BYTES:,} are read, split the file")
    pieces, characters = [], 0
    for piece in reader(path, data):
        characters += len(piece.text)
        if characters > MAX_CHARACTERS:
            raise KnowledgeError(path, f"more than {MAX_CHARACTERS:,} characters of text; split the file")
        pieces.append(piece)
    if not pieces:
        raise KnowledgeError(
            path,
            "holds no text" + (" (a scan?); save it with its text recognised" if path.lower().endswith(".pdf") else ""),
        )
    return pieces


# --- text ------------------------------------------------------------------------------------------------


def _decoded(path: str, data: bytes) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text.replace("\r\n", "\n").replace("\r", "\n")
    raise KnowledgeError(path, "not readable as text; save it as UTF-8")


def _plain(path: str, data: bytes) -> Iterator[Piece]:
    yield from _paragraphs(_decoded(path, data), ())


def _paragraphs(text: str, headings: tuple[str, ...]) -> Iterator[Piece]:
    for paragraph in re.split(r"\n\s*\n", text):
        for part in shortened(_joined(paragraph.splitlines())):
            yield Piece(headings, part)


def _joined(lines: Iterable[str]) -> str:
    """Lines of one paragraph as one line; no space between two Han characters."""
    text = " ".join(line.strip() for line in lines if line.strip())
    return re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", text)


def shortened(text: str) -> Iterator[str]:
    """The text in parts of about LONGEST_PIECE characters, cut after sentences where it has any."""
    while len(text) > LONGEST_PIECE:
        window = text[: LONGEST_PIECE + 1]
        ends = [match.end() for match in re.finditer(r"[。！？；]|[.!?;](?=\s)|\n", window)]
        spaces = window.rfind(" ")
        cut = ends[-1] if ends and ends[-1] > LONGEST_PIECE // 4 else spaces if spaces > 0 else LONGEST_PIECE
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text


# --- Markdown --------------------------------------------------------------------------------------------

_HEADING = re.compile(r" {0,3}(#{1,6})\s(.*)")
_ITEM = re.compile(r"(\s*)(?:[-*+]|\d{1,9}[.)])\s+(.*)")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_RULE = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*$")
_TABLE_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FRONT = re.compile(r"\A---\n.*?\n---\s*\n", re.DOTALL)


def _markdown(path: str, data: bytes) -> Iterator[Piece]:
    text = _COMMENT.sub("", _FRONT.sub("", _decoded(path, data)))
    headings: list[tuple[int, str]] = []
    for block in _blocks(text.split("\n")):
        heading = _HEADING.match(block[0])
        if heading:
            level = len(heading[1])
            headings = [(depth, words) for depth, words in headings if depth < level]
            headings.append((level, heading[2].strip().rstrip("#").rstrip()))
            continue
        under = tuple(words for _, words in headings)
        for part in _facts(block):
            yield from (Piece(under, short) for short in shortened(part))


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines that belong together: a heading, a fenced block, or lines between blank ones."""
    block: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            block.append(line)
            if mark and mark[1].startswith(fence):
                yield block
                block, fence = [], ""
        elif mark or _HEADING.match(line) or not line.strip() or _RULE.match(line):
            if block and not (mark is None and not line.strip() and _introduces(block)):
                yield block
                block = []
            if mark:
                block, fence = [line], mark[1][:3]
            elif _HEADING.match(line):
                yield [line]
        else:
            if block and _introduces(block) and not _ITEM.match(line) and not line.lstrip().startswith("|"):
                yield block
                block = []
            block.append(line)
    if block:
        yield block


def _introduces(block: list[str]) -> bool:
    """Whether the block is a sentence that only announces the list below it."""
    return block[-1].rstrip().endswith((":", "：")) and not _ITEM.match(block[-1]) and "|" not in block[-1]


def _facts(block: list[str]) -> Iterator[str]:
    if _FENCE.match(block[0]):
        yield "\n".join(line for line in block[1:] if not _FENCE.match(line)).strip()
    elif len(block) > 1 and "|" in block[0] and _TABLE_RULE.match(block[1].strip()):
        yield from _table(block)
    elif any(_ITEM.match(line) for line in block):
        yield from _list(block)
    else:
        yield _joined(line.lstrip().removeprefix(">") for line in block)


def _table(block: list[str]) -> Iterator[str]:
    header = _cells(block[0])
    for line in block[2:]:
        yield row_text(header, _cells(line))


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _list(block: list[str]) -> Iterator[str]:
    items: list[list[str]] = [[]]
    outer = min(len(match[1]) for match in map(_ITEM.match, block) if match)
    for line in block:
        match = _ITEM.match(line)
        if match and len(match[1]) <= outer + 1:
            items.append([match[2]])
        else:
            items[-1].append(match[2] if match else line)
    introduction, *facts = [_joined(item) for item in items]
    whole = " ".join([introduction, *(fact.rstrip(";；") + ";" for fact in facts)]).rstrip(";") if introduction else ""
    if whole and len(whole) <= LONGEST_PIECE:
        yield whole
        return
    yield from filter(None, [introduction, *facts])


def row_text(header: list[str], cells: list[str]) -> str:
    """A table's row as `header: value; …`; empty cells are left out."""
    names = header + [""] * (len(cells) - len(header))
    pairs = [(name.strip(), cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()]
    return "; ".join(f"{name.strip()}: {cell.strip()}" if name.strip() else cell.strip() for name, cell in pairs)


# --- CSV, PDF, DOCX --------------------------------------------------------------------------------------


def _csv(path: str, data: bytes) -> Iterator[Piece]:
    text = _decoded(path, data)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as problem:
        raise KnowledgeError(path, f"not a CSV file: {problem}") from problem
    for row in rows[1:]:
        yield from (Piece((), part) for part in shortened(row_text(rows[0], row)))


_OLD_WORD = b"\xd0\xcf\x11\xe0"


def _pdf(path: str, data: bytes) -> Iterator[Piece]:
    from pypdf import PdfReader  # heavy, and few personas need it

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise KnowledgeError(path, "is protected by a password; save it without one")
        if len(reader.pages) > MAX_PAGES:
            raise KnowledgeError(path, f"{len(reader.pages):,} pages; at most {MAX_PAGES:,} are read")
        pages = [page.extract_text() for page in reader.pages]
    except KnowledgeError:
        raise
    except Exception as problem:  # pypdf meets broken files with almost any exception
        raise KnowledgeError(path, _unreadable("PDF", problem)) from problem
    for page in pages:
        yield from _paragraphs(page, ())


def _unreadable(kind: str, problem: Exception) -> str:
    why = str(problem).strip('"').rstrip(".") or type(problem).__name__
    return f"not a readable {kind} ({why}); it is damaged or of another kind, open it and save it as {kind} again"


def _docx(path: str, data: bytes) -> Iterator[Piece]:
    if data.startswith(_OLD_WORD):
        raise KnowledgeError(path, "is a Word file of the old kind (.doc); open it and save it as .docx")
    _refuse_bomb(path, data)
    from docx import Document
    from docx.table import Table

    try:
        blocks = list(Document(io.BytesIO(data)).iter_inner_content())
    except Exception as problem:  # python-docx passes on whatever zipfile, lxml or a missing part raise
        raise KnowledgeError(path, _unreadable("DOCX", problem)) from problem
    headings: list[tuple[int, str]] = []
    for block in blocks:
        under = tuple(words for _, words in headings)
        if isinstance(block, Table):
            rows = [[cell.text for cell in row.cells] for row in block.rows]
            yield from (Piece(under, row_text(rows[0], row)) for row in rows[1:])
            continue
        level = re.fullmatch(r"(?:Heading (\d)|Title)", (block.style and block.style.name) or "")
        if level and block.text.strip():
            depth = int(level[1] or 0)
            headings = [(d, words) for d, words in headings if d < depth] + [(depth, block.text.strip())]
        else:
            yield from _paragraphs(block.text, under)


def _refuse_bomb(path: str, data: bytes) -> None:
    """zipfile never unpacks more of an entry than its directory declares, so the declared sizes suffice."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as problem:
        raise KnowledgeError(path, _unreadable("DOCX", problem)) from problem
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise KnowledgeError(path, f"unpacks to more than {MAX_UNPACKED:,} bytes; at most that is read")


_READERS: dict[str, Callable[[str, bytes], Iterator[Piece]]] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".txt": _plain,
    ".csv": _csv,
    ".pdf": _pdf,
    ".docx": _docx,
}
