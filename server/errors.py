"""One family of errors: each carries the status and the sentences that a person is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class RapportError(Exception):
    """What went wrong, in words for the person who can mend it.

    `detail` says what was wrong, where, and what to do. `errors` names single fields, `extra` joins the
    problem document (RFC 9457) as it is.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.extra = dict(extra or {})
        self.retry_after = retry_after

    def document(self) -> dict[str, Any]:
        """The problem as `application/problem+json` has it (RFC 9457)."""
        shown = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return {**shown, **({"errors": self.errors} if self.errors else {}), **self.extra}


class BadRequest(RapportError):
    status, title = 400, "Bad request"


class Unauthorised(RapportError):
    status, title = 401, "Not signed in"


class Forbidden(RapportError):
    status, title = 403, "Not allowed"


class NotFound(RapportError):
    status, title = 404, "Not found"


class Conflict(RapportError):
    status, title = 409, "Changed meanwhile"


class TooLarge(RapportError):
    status, title = 413, "Too large"


class Invalid(RapportError):
    status, title = 422, "Invalid"


class TooMany(RapportError):
    status, title = 429, "Too many requests"


class Unavailable(RapportError):
    status, title = 503, "Not available now"


class WrongSetting(RapportError):
    """A setting, port or folder that the operator has to change; the command prints `detail` and ends."""

    title = "Wrong setting"
