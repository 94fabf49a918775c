"""A whole description as functions over HTTP: what can be carried, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from pydantic import ValidationError

from server.catalog.openapi.document import At, Documents, NotCarried, ReadBeside, Version, parse, version_of
from server.catalog.openapi.names import shortened
from server.catalog.openapi.operations import LeftOut, Operation, base_address, read_operations
from server.catalog.openapi.placing import Placed, Placing, place
from server.catalog.openapi.schemas import Schemas

_MOST_IN_ALL = 4_000_000
_MOST_OF_ONE = 20_000
_LEAST_OF_ONE = 1_500


@dataclass(frozen=True, slots=True)
class Description:
    """A description that was read: its operations, and the address they are at.

    `address` is absolute, or `/path` when it names no host, or empty.
    """

    documents: Documents
    version: Version
    title: str
    address: str
    operations: tuple[Operation, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a description.

    `bound` gives the reference for a parameter by its folded name, `reserved` the folded names no argument may
    have, `credentials` the header and query names, lower case, that the plugin itself sends.
    """

    takes: Callable[[Operation], bool] = lambda operation: True
    address: str | None = None
    bound: Mapping[str, str] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()
    credentials: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Carried:
    """One operation with the function it became."""

    operation: Operation
    placed: Placed

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the operation the function is without."""
        label = shortened(self.operation.label, 60)
        return tuple(
            f"`{label}` is without its parameter `{name}`, whose name cannot be sent" for name in self.placed.dropped
        )


def read_description(data: bytes, read: ReadBeside, source: str = "") -> Description:
    """Reads a description. `read` gives files beside it, `source` is its own address, empty for a file.

    Raises NotADescription.
    """
    root = parse(data)
    version = version_of(root)
    documents = Documents(root, read)
    found = read_operations(documents, version, source)
    return Description(
        documents=documents,
        version=version,
        title=shortened(At(root).get("info").text("title"), 200),
        address=base_address(At(root), version, source),
        operations=tuple(each for each in found if isinstance(each, Operation)),
        left_out=tuple(each for each in found if isinstance(each, LeftOut)),
    )


def carry(description: Description, wanted: Wanted) -> tuple[list[Carried], list[LeftOut]]:
    """Every wanted operation as a function, and those that cannot be one."""
    chosen = [operation for operation in description.operations if wanted.takes(operation)]
    schemas = Schemas(description.documents, frozenset(wanted.bound) | wanted.reserved)
    most = max(_LEAST_OF_ONE, min(_MOST_OF_ONE, _MOST_IN_ALL // max(1, len(chosen))))
    placing = Placing(schemas, wanted.bound, wanted.reserved, wanted.credentials, most)
    carried: list[Carried] = []
    left_out: list[LeftOut] = []
    for operation in chosen:
        try:
            here = operation if wanted.address else _at_one_address(operation, description.address)
            carried.append(Carried(here, place(here, placing)))
        except NotCarried as problem:
            left_out.append(LeftOut(shortened(operation.label, 200), str(problem), operation.name))
        except ValidationError as error:
            first = error.errors()[0]
            left_out.append(LeftOut(shortened(operation.label, 200), str(first["msg"])[:200], operation.name))
    return carried, left_out


def _at_one_address(operation: Operation, address: str) -> Operation:
    """The operation as it is reached from the common address. Raises NotCarried."""
    own = operation.server
    if own is None or own == address:
        return operation
    if own.startswith(f"{address}/") and (address or not urlsplit(own).netloc):
        return replace(operation, server=None, path=own[len(address) :] + "/" + operation.path.lstrip("/"))
    raise NotCarried(f"it is served at {own[:100] or 'an address of its own'}, and a plugin has one address")


def ids_of(operations: Collection[Operation]) -> dict[str, Operation]:
    """Operations by every name that a plugin's file may call them."""
    return {key: each for each in reversed(list(operations)) for key in (each.name, each.label, each.id) if key}
