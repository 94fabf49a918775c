"""OpenAPI 3.0, 3.1 and Swagger 2 descriptions as functions over HTTP. A pure reader: it fetches nothing."""

from __future__ import annotations

from server.catalog.openapi.carrying import Carried, Description, Wanted, carry, ids_of, read_description
from server.catalog.openapi.document import NotADescription, NotCarried, beside, files_named, parse
from server.catalog.openapi.operations import LeftOut, Operation
from server.catalog.openapi.security import Credentials, credentials

__all__ = [
    "Carried",
    "Credentials",
    "Description",
    "LeftOut",
    "NotADescription",
    "NotCarried",
    "Operation",
    "Wanted",
    "beside",
    "carry",
    "credentials",
    "files_named",
    "ids_of",
    "parse",
    "read_description",
]
