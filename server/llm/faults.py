"""Errors of litellm, the OpenAI client and httpx, told as the few kinds of ModelFault."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from server.llm.types import FaultKind, ModelFault

_LONGEST = 400
_READ = 20_000
_BY_STATUS: dict[int, FaultKind] = {
    401: "auth",
    402: "auth",
    403: "auth",
    408: "timeout",
    413: "context_length",
    429: "rate_limit",
    504: "timeout",
}
_BY_CLASS: dict[str, FaultKind] = {
    "ContextWindowExceededError": "context_length",
    "ContentPolicyViolationError": "content_filter",
    "Timeout": "timeout",
    "APITimeoutError": "timeout",
    "TimeoutException": "timeout",
    "TimeoutError": "timeout",
    "APIConnectionError": "unavailable",
    "TransportError": "unavailable",
    "OSError": "unavailable",
    "LiteLLMUnknownProvider": "bad_request",
}
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window)|maximum context|too many tokens|prompt is too long|input is too long",
    re.I,
)
_FILTERED = re.compile(r"content.{0,5}(policy|filter|management)|data_inspection_failed|safety system", re.I)
_WRAPPING = re.compile(r"^(?:litellm\.)?(?:[A-Z]\w*(?:Error|Exception|Timeout)|Timeout)(?::\s*|\s+-\s*)")
_ADVICE = re.compile(r"\s*(?:Handle with `litellm|Original exception:|LiteLLM Retried|Received Model Group).*", re.S)
_MESSAGE = re.compile(r"""["']message["']:\s*("(?:[^"\\]|\\.)*")""")
_BYTES = re.compile(r"""\bb('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.S)
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|ak)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\bbce-v3/[\w/*.-]+|(?i:\bbearer\s+)\S+"
    r"|(?i:(?<=key=)|(?<=token=))[\w.*-]{6,}|\beyJ[\w-]{10,}\.[\w.-]+"
)


def fault_of(error: BaseException, model: str, secrets: Iterable[str] = (), *, begun: bool = False) -> ModelFault:
    """The fault that an error of any shape stands for; `begun` says that the answer had already started."""
    error = getattr(error, "original_exception", None) or error
    kind = _kind(error)
    if begun and kind == "unavailable":
        kind = "interrupted"
    return ModelFault(kind, model, clean(_told(error), secrets), retry_after(_headers(error)))


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """One bounded line without litellm's wrapping and without secrets, known or looking like one."""
    line = _ADVICE.sub("", " ".join(_BYTES.sub(_decoded, text[:_READ]).split()))
    while (shorter := _WRAPPING.sub("", line)) != line:
        line = shorter
    found = _MESSAGE.search(line)
    if found:
        line = _unquoted(found.group(1))
    for secret in secrets:
        line = line.replace(secret, "***")
    return _SECRET.sub("***", line)[:_LONGEST].strip() or "no words"


def _decoded(printed: re.Match[str]) -> str:
    """A vendor's body that litellm printed as Python bytes."""
    try:
        return bytes(ast.literal_eval(printed.group(0))).decode("utf-8", "replace")
    except (ValueError, SyntaxError):
        return printed.group(0)


def _unquoted(quoted: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        return quoted.strip('"')


def _told(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _kind(error: BaseException) -> FaultKind:
    names = (kind.__name__ for kind in type(error).__mro__)
    known = next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)
    if known in ("context_length", "content_filter"):
        return known
    given = getattr(error, "status_code", None)
    status = given if isinstance(given, int) else 0
    # Vendors that litellm has no rule for say it in words only.
    if status in (400, 413, 422) and _TOO_LONG.search(_told(error)):
        return "context_length"
    if status in (400, 422) and _FILTERED.search(_told(error)):
        return "content_filter"
    return _BY_STATUS.get(status) or known or ("bad_request" if 400 <= status < 500 else "unavailable")


def _headers(error: BaseException) -> Mapping[str, str]:
    response = getattr(error, "response", None)
    given = (
        getattr(error, "litellm_response_headers", None),
        getattr(response, "headers", None),
        getattr(error, "headers", None),
    )
    for headers in given:
        if isinstance(headers, Mapping) and headers:
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds by `retry-after-ms` or `retry-after` (seconds or a date, RFC 9110 section 10.2.3)."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(headers["retry-after"]))
    except KeyError:
        return None
    except ValueError:
        return _until(headers.get("retry-after", ""))


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
