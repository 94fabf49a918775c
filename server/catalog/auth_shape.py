"""What `auth` of a plugin over HTTP may say: one model for each kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from server.catalog.spec import Spec

_HEADER_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"


class UserPassword(Spec):
    """A user with a password."""

    user: str = Field(min_length=1)
    password: str = Field(min_length=1)


class ApiKey(Spec):
    """A key in a header or a query parameter of that name."""

    header: str | None = Field(None, pattern=_HEADER_NAME)
    query: str | None = Field(None, pattern=_HEADER_NAME)
    value: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_place(self) -> ApiKey:
        if (self.header is None) == (self.query is None):
            raise ValueError("`api_key` is {header: NAME, value: …} or {query: NAME, value: …}")
        return self


class ClientCredentials(Spec):
    """OAuth 2 client credentials (RFC 6749, 4.4): a token is fetched from `token_url` and kept while it holds."""

    token_url: str
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)
    scope: str | None = None
    audience: str | None = None
    style: Literal["header", "body"] = "header"

    @field_validator("token_url")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/\s?#@$]+(/[^\s#$]*)?", value):
            raise ValueError("`token_url` needs a plain address such as https://login.example.com/token")
        return value


class HttpAuth(Spec):
    """Exactly one kind."""

    basic: UserPassword | None = None
    bearer: str | None = Field(None, min_length=1)
    digest: UserPassword | None = None
    api_key: ApiKey | None = None
    oauth2: ClientCredentials | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> HttpAuth:
        if len(self.model_fields_set) != 1:
            raise ValueError("`auth` takes exactly one of basic, bearer, digest, api_key and oauth2")
        return self


_ONE_OF = (
    "`auth` is one of {basic: {user, password}}, {digest: {user, password}}, {bearer: …},"
    " {api_key: {header: NAME, value: …}}, {api_key: {query: NAME, value: …}},"
    " {oauth2: {token_url, client_id, client_secret}}"
)


def http_auth(auth: Mapping[str, Any]) -> HttpAuth:
    """What the file says under `auth`. Raises ValueError in words for its author."""
    if len(auth) != 1:
        raise ValueError(_ONE_OF)
    try:
        return HttpAuth.model_validate(auth)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        words = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"].lower()
        raise ValueError(f"{_ONE_OF}; here `{place}`: {words}") from None
