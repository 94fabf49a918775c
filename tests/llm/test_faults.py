"""What an operator reads when a vendor refuses, and what nobody reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from server.llm.faults import clean, fault_of, retry_after
from server.llm.openai_shape import Calls
from server.llm.types import FunctionCall


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcDEF1234567890",
        "sk-ant-api03-abc_DEF-123",
        "AIzaSyA1234567890abcdefghij",
        "gsk_1234567890abcdef",
        "bce-v3/ALTAK-abcdef/0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature",
    ],
)
def test_what_looks_like_a_key_is_masked(secret: str) -> None:
    for sentence in (f"Incorrect key: {secret}", f"url?key={secret}&x=1", f"Authorization: Bearer {secret}"):
        assert secret not in clean(sentence)
        assert "***" in clean(sentence)


def test_a_known_key_is_masked_whatever_it_looks_like() -> None:
    assert clean("the key plain.words was refused", ["plain.words"]) == "the key *** was refused"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("litellm.AuthenticationError: AuthenticationError: OpenAIException - no such key", "no such key"),
        (
            """litellm.RateLimitError: AnthropicException - b'{"error": {"message": "it\\'s full"}}'""",
            "it's full",
        ),
        ("""XException - b'{"message": "\\xe4\\xbd\\xa0\\xe5\\xa5\\xbd"}'""", "你好"),
        ("""X - {"message": "\\u4f60\\u597d"}""", "你好"),
        ("litellm.InternalServerError: boom. Handle with `litellm.InternalServerError`.", "boom."),
        ("two\nlines", "two lines"),
        ("", "no words"),
    ],
)
def test_the_vendors_own_words_are_found(raw: str, told: str) -> None:
    assert clean(raw) == told


def test_words_are_bounded() -> None:
    assert len(clean("x" * 100_000)) == 400


def test_seconds_to_wait_are_read_in_each_form() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    assert 80 < (retry_after({"retry-after": soon}) or 0) <= 90
    assert retry_after({"retry-after": "-3"}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), "unavailable"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError("reset"), "unavailable"),
        (ValueError("odd"), "unavailable"),
        (RecursionError(), "unavailable"),
    ],
)
def test_errors_of_any_shape_have_a_kind_and_words(error: Exception, kind: str) -> None:
    fault = fault_of(error, "openai/x")
    assert fault.kind == kind
    assert fault.words


def test_a_lost_connection_after_text_is_an_interruption() -> None:
    assert fault_of(httpx.ReadError("reset"), "openai/x", begun=True).kind == "interrupted"


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    calls = Calls()
    calls.add(0, "a", "f", '{"x": 1}')
    calls.add(0, "b", "g", '{"y"')
    calls.add(0, "b", None, ": 2}")
    calls.add(0, None, None, " ")
    assert calls.whole() == (FunctionCall("a", "f", '{"x": 1}'), FunctionCall("b", "g", '{"y": 2}'))


def test_calls_without_ids_get_their_own() -> None:
    calls = Calls()
    calls.add(0, None, "f", "{}")
    calls.add(1, "", "f", "{}")
    first, second = (call.id for call in calls.whole())
    assert first
    assert second
    assert first != second
