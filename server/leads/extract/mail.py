"""E-mail addresses of the customer."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from server.leads.extract import whose
from server.leads.extract.claim import Claim
from server.leads.extract.digits import MOST
from server.leads.extract.phone import alone
from server.leads.extract.reading import HIDDEN, Reading
from server.leads.extract.words import words

_LOCAL = r"[A-Za-z0-9À-ɏ._%+'-]"
_BEFORE = re.compile(rf"{_LOCAL}{{1,64}}$")
_AFTER = re.compile(r"([A-Za-z0-9À-ɏ](?:[A-Za-z0-9À-ɏ-]{0,62}))((?:[.。][A-Za-z0-9À-ɏ-]{1,63}){0,6})")
_AT = r"(?:\(at\)|\[at\]|\{at\}|<at>|艾特|圈a|小老鼠|@)"
_DOT = r"(?:\(dot\)|\[dot\]|\{dot\}|点儿?|。)"
_WORD = r"[a-z0-9][a-z0-9_+-]{0,40}"
_SPELLED = re.compile(
    rf"(?<![a-z0-9_.+-])({_WORD}(?:(?:\s?{_DOT}\s?|\s(?:dot|underscore|dash|hyphen)\s|\s?\.\s?|"
    rf"\s?下划线\s?){_WORD}){{0,4}})"
    rf"(?P<at>\s{{0,2}}{_AT}\s{{0,2}}|\s(?:at|@)\s)"
    rf"({_WORD}(?:(?:\s?{_DOT}\s?|\sdot\s|\.|\s\.\s?){_WORD}){{1,4}})(?![a-z0-9_-])"
)
_SPELLED_HINT = re.compile(r"\bdot\b|[(\[{]dot|艾特|圈a|小老鼠|点|\bat\b|[(\[{]at|\s@|@\s")
_DOTS = (
    " dot ",
    "(dot",
    "[dot",
    "{dot",
    "(at",
    "[at",
    "{at",
    "<at",
    " at ",
    "点",
    "。",
    "艾特",
    "圈a",
    "小老鼠",
    "@",
)  # an "at" without one of them is no address
_CUE = re.compile(r"\be-?mails?\b|\bmail\b|邮箱|邮件|电邮|\binbox\b|@")
_NO_LOCAL = words("not before an at")
_FILLED = words("placeholder")
_PLACEHOLDER_DOMAINS = words("placeholder domain")
_SEQUENCE = re.compile(r"(\w)\1*|0?123\d*|abc\d*|qwe\w*|asd\w*|test\d*|xxx*")
_ROLE = words("role address")
_OURS_AFTER = re.compile(r"[\s)]*(?:is|,|\(|是)\s*(?:our|my|mine|ours|我)")
_COPIED = re.compile(
    r"\b(?:include|add)\b(?! me\b)[^.,;]{0,24}$|\b(?:invite|cc|copy|loop in)\b(?! me\b)[^,;!?]{0,60}$|"
    r"抄送[^,。]{0,6}$|邀请[^,。我]{0,8}$"
)
_COPIED_AFTER = re.compile(r"\s*(?:in|on|into) (?:cc|copy)\b")
_CODE_AFTER = re.compile(r"[:/][\w~]")
_NO_REPLY = re.compile(r"no-?reply|do-?not-?reply|mailer-daemon|postmaster")


def normalise(address: str) -> str | None:
    """The address in lower case when it is one (no name server is asked), else None."""
    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except (EmailNotValidError, ValueError):
        return None


def _placeholder(address: str) -> bool:
    local, _, domain = address.lower().partition("@")
    host, _, rest = domain.partition(".")
    if not rest or len(rest.rsplit(".", 1)[-1]) < 2:
        return True
    if local == host and (len(local) <= 5 or _SEQUENCE.fullmatch(local)):
        return True
    if host in _PLACEHOLDER_DOMAINS and (local in _FILLED or _SEQUENCE.fullmatch(local)):
        return True
    if host == "example" and local in _FILLED:
        return True
    return bool(re.fullmatch(r"0?1234567?8?9?0?|(\d)\1{4,}|abc123|asdf|qwerty", local))


def _spans(reading: Reading, asked: bool) -> list[tuple[int, int, str]]:
    """Where addresses stand and how they read, plain ones and spelled ones."""
    text = reading.text
    found: list[tuple[int, int, str]] = []
    at = text.find("@")
    while at >= 0 and len(found) < MOST:
        local = _BEFORE.search(text, max(0, at - 64), at)
        domain = _AFTER.match(text, at + 1)
        if local and domain and not _is_code(text, local, domain):
            found.append(_plain(text, at, local.start(), domain))
        at = text.find("@", at + 1)
    covered = [(start, end) for start, end, _ in found]
    if reading.has(_DOTS) and _SPELLED_HINT.search(reading.low):
        found += [s for s in _spelled(reading, asked) if not any(a < s[1] and s[0] < b for a, b in covered)]
    return sorted(found)


def _is_code(text: str, local: re.Match[str], domain: re.Match[str]) -> bool:
    """git@host:path, @scope/package@1.2.3."""
    version = re.fullmatch(r"[\d.]+", domain[0]) is not None
    return (
        version or text[local.start() - 1 : local.start()] == "/" or _CODE_AFTER.match(text, domain.end()) is not None
    )


def _plain(text: str, at: int, start: int, domain: re.Match[str]) -> tuple[int, int, str]:
    while text[start] in "._%+'-" and start < at - 1:
        start += 1
    end = domain.end()
    labels = domain[2]
    if "。" in labels:  # a Chinese full stop is a dot only before a known ending
        cut = re.match(r"(?:\.[A-Za-z0-9-]+)*(?:。(?:com|cn|net|org|io|co|edu|gov)\b)+", labels)
        end = domain.end(1) + (cut.end() if cut else labels.index("。"))
    while text[end - 1] in "-." and end > at + 2:
        end -= 1
    return start, end, text[start:end].replace("。", ".")


def _spelled(reading: Reading, asked: bool) -> list[tuple[int, int, str]]:
    found = []
    for match in list(_SPELLED.finditer(reading.low))[:MOST]:
        start, local = match.start(1), match[1]
        while (first := re.match(r"([a-z'-]+)\s+(?!(?:dot|underscore|dash|hyphen)\b)", local)) is not None:
            start, local = start + first.end(), local[first.end() :]
        plain_at = match["at"].strip() == "at"
        spelled_dot = re.search(rf"\sdot\s|{_DOT}", match[3]) is not None
        cue = asked or _CUE.search(reading.before(start)) is not None
        if (
            local in _NO_LOCAL
            or (plain_at and not spelled_dot and not cue)
            or (match["at"].strip() == "@" and not cue and not spelled_dot)
        ):
            continue
        address = _unspell(local) + "@" + _unspell(match[3])
        if re.fullmatch(r"[a-z]{2,18}", address.rsplit(".", 1)[-1]):
            found.append((start, match.end(), address))
    return found


def _unspell(text: str) -> str:
    text = re.sub(rf"\s?{_DOT}\s?|\s?\bdot\b\s?|\s?\.\s?", ".", text)
    text = re.sub(r"\s?\bunderscore\b\s?|\s?下划线\s?", "_", text)
    return re.sub(r"\s?\b(?:dash|hyphen)\b\s?", "-", text).replace(" ", "")


def find(reading: Reading, *, asked: bool, earlier: str) -> list[Claim]:
    """The addresses of one message, in order, each with the reason why it may not be stored."""
    if "@" not in reading.text and not reading.has(_DOTS):
        return []
    return [_claim(reading, start, end, address, asked, earlier) for start, end, address in _spans(reading, asked)]


def _claim(reading: Reading, start: int, end: int, address: str, asked: bool, earlier: str) -> Claim:
    address = address.replace(HIDDEN, "")
    value = reading.raw[start:end]
    normalised = normalise(address)
    before = reading.before(start)
    reason = whose.doubt(reading, start, end, earlier=earlier)
    role = address.lower().partition("@")[0] in _ROLE
    lone = asked or alone(reading, start, end) or _OURS_AFTER.match(reading.low, end) is not None
    if not reason and (_COPIED.search(before) or _COPIED_AFTER.match(reading.low, end)):
        reason = whose.OTHER
    if not reason and _NO_REPLY.search(address.lower()):
        reason = "Nobody reads mail at that address."
    if not reason and role and not lone and whose.owner_before(before) != "own" and not _CUE.search(before):
        reason = "It is a general address, and nothing says that it is the customer's own."
    if normalised is None or _placeholder(address):
        told = lone or _CUE.search(before) is not None
        reason = reason or (None if told else "It is no e-mail address that works.")
        return Claim(start, end, value, value, plausible=False, confidence=0.3, doubt=reason)
    return Claim(start, end, value, normalised, doubt=reason)
