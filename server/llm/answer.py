"""An answer as it adds up from a vendor's stream, whichever lane it comes by."""

from __future__ import annotations

from server.llm.openai_shape import Calls, Thoughts, text_of
from server.llm.tokens import estimate_tokens
from server.llm.types import FinishReason, FunctionCall, ModelFault, Request, Usage

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "function_calls",
    "function_call": "function_calls",
}


class Answer:
    """Text, calls and end of one answer; `reason` is the finish reason in OpenAI's words."""

    def __init__(self, model: str, request: Request) -> None:
        self.model = model
        self.reason: str | None = None
        self.usage: Usage | None = None
        self.calls = Calls()
        self._request = request
        self._thoughts = Thoughts()
        self._text: list[str] = []

    def say(self, content: str | None) -> str:
        """What of this piece of content belongs to the answer; reasoning does not."""
        return self._keep(self._thoughts.pass_on(content or ""))

    def rest(self) -> str:
        """What is still held back at the end."""
        return self._keep(self._thoughts.rest())

    def _keep(self, text: str) -> str:
        if text:
            self._text.append(text)
        return text

    def ended(self) -> tuple[FinishReason, tuple[FunctionCall, ...]]:
        """Why it ended, and its calls. Raises ModelFault when it did not end, or holds nothing."""
        if self.reason is None:
            raise ModelFault("interrupted", self.model, "the stream ended in the middle")
        reason = _REASONS.get(self.reason, "stop")
        if reason in ("length", "content_filter"):
            if reason == "content_filter" and not self._text:
                raise ModelFault("content_filter", self.model, "the vendor's filter held the answer back")
            return self._unless_empty(reason), ()
        return ("function_calls", self.calls.whole()) if self.calls else (self._unless_empty("stop"), ())

    def _unless_empty(self, reason: FinishReason) -> FinishReason:
        if not self._text:
            raise ModelFault("unavailable", self.model, f"an answer without any text (it ended by {self.reason})")
        return reason

    def estimated(self) -> Usage:
        """Tokens by our own estimate, for vendors that count none."""
        said = "".join(self._text) + "".join(call.name + call.arguments for call in self.calls.whole())
        asked = text_of(self._request.messages, self._request.functions)
        return Usage(estimate_tokens(asked), estimate_tokens(said))
