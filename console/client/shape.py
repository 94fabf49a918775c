"""What every answer's shape shares: members that a newer server adds are passed over."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T", bound=BaseModel)


class Shape(BaseModel):
    """A frozen part of an answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Problem(Shape):
    """What is wrong with a file; 1-based."""

    file: str = ""
    line: int = 0
    column: int = 0
    message: str


class Page(Shape, Generic[T]):
    """A page of a list; `total` is None where counting is dear."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = None


def page_of(shape: type[T], answer: Any) -> Page[T]:
    """A list's answer as a page of that shape."""
    return Page[shape].model_validate(answer)  # type: ignore[valid-type]
