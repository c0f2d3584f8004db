"""The result of one action on several selected cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import Field

from shared.i18n import gettext
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence


class HasId(Protocol):
    """A case."""

    @property
    def id(self) -> UUID:
        """Its id."""


T = TypeVar("T")
C = TypeVar("C", bound=HasId)
MOST = 50
"""The greatest number of cases decided at once: one page of a list."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The cases that were done in one transaction, and the others, each with the sentence that says why not."""

    done: Sequence[T]
    left: Sequence[tuple[T, str]]


def changed_since() -> str:
    """Return why a case is left that is not as it was when it was read."""
    return gettext("It was changed after you opened this page.")


class NotDone(ReadModel):
    """A case that was left as it is."""

    id: UUID
    detail: Annotated[str, Field(description="Why it could not be done.", examples=["It was endorsed already."])]


class BulkResult(ReadModel):
    """The result of one request: the cases that it has decided, and those that it has left as they are."""

    done: list[UUID]
    left: list[NotDone]


def bulk_result(outcome: Outcome[C]) -> BulkResult:
    """Return the outcome as the API answers it."""
    return BulkResult(
        done=[case.id for case in outcome.done],
        left=[NotDone(id=case.id, detail=detail) for case, detail in outcome.left],
    )
