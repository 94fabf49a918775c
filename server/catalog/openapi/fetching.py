"""A description fetched from its address, with the files beside it that it names."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from server.catalog.openapi.document import MAX_BYTES, NotADescription, NotCarried, beside, files_named, parse
from server.outgoing import Outgoing, OutgoingError

_MOST_FILES = 100
_SECONDS = 30


async def fetch_description(outgoing: Outgoing, address: str) -> dict[str, bytes]:
    """The description under the empty name, and the files it names by their path beside it.

    A file that cannot be had is left out; what needs it is not carried. Raises OutgoingError when the
    description itself cannot be had, NotADescription when it is none.
    """
    files = {"": await _got(outgoing, address)}
    waiting = [""]
    while waiting:
        name = waiting.pop()
        for fresh in _named(files[name], name) - files.keys():
            if len(files) > _MOST_FILES:
                return files
            try:
                files[fresh] = await _got(outgoing, urljoin(address, fresh))
            except OutgoingError:
                continue  # told by name with the operations that need it
            waiting.append(fresh)
    return files


async def _got(outgoing: Outgoing, address: str) -> bytes:
    answer = await outgoing.fetch(
        "GET",
        address,
        headers={"Accept": "application/json, application/yaml, */*;q=0.5"},
        timeout_seconds=_SECONDS,
        max_bytes=MAX_BYTES,
    )
    if answer.status != 200:
        raise OutgoingError("protocol", f"{urlsplit(address).hostname} answered {answer.status} and no description")
    return answer.body


def _named(data: bytes, name: str) -> set[str]:
    found: set[str] = set()
    try:
        written = files_named(parse(data))
    except NotADescription:
        if name:
            return found  # told with what needs it
        raise
    for address in written:
        try:
            found.add(beside(name, address))
        except NotCarried:
            continue  # told with what needs it
    return found
