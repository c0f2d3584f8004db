"""The result of one action on several selected cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from shared.bus.db.records import Changes
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.web.items import BulkResult, NotDone, not_done

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from uuid import UUID


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
    """The cases that were done in one transaction, and the others, each with the refusal that says why not.

    `changes` are those that are not as they were read.
    """

    done: Sequence[T]
    left: Sequence[tuple[T, Refused]]
    changes: Changes = field(default_factory=Changes)

    @property
    def changed(self) -> Collection[UUID]:
        """The cases that are not as they were read."""
        return self.changes.present.keys()

    def not_done(self, id_of: Callable[[T], UUID]) -> list[NotDone]:
        """Return the cases that were left, as the API answers them."""
        return [not_done(id_of(case), refused.detail, refused.code, self.changes) for case, refused in self.left]


def changed_since() -> str:
    """Return why a case is left that is not as it was when it was read."""
    return gettext("It was changed after you opened this page.")


def still_open() -> str:
    """Return what is true of a case that was left although it can be decided."""
    return gettext("Nothing was done. You can still decide on it.")


def refused_as_changed(obstacle: str | None = None) -> Refused:
    """Return the refusal of a case that is not as it was read; `obstacle` is what holds it up besides."""
    return Refused(obstacle or changed_since(), code=ProblemCode.EDIT_CONFLICT)


def bulk_result(outcome: Outcome[C]) -> BulkResult:
    """Return the outcome as the API answers it."""
    return BulkResult(done=[case.id for case in outcome.done], left=outcome.not_done(lambda case: case.id))
