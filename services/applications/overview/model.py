"""Hold what a reader may ask of the coordinators' queue and of the audit log: filters and orders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

FIRST = "first"
"""The order of the queue in which what needs the reader comes first, then what is due first."""


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """The filters of a queue; None is no filter. `sort`: a key of the columns, with `-` before it downwards.

    `needs` is `me` (what the reader can decide now) or `silence` (what nobody answered, in the country's stead);
    `due` is `overdue`, `week`, `later`; `age` is `week`, `month`, `older`, counted from the first submission.
    """

    state: str | None = None
    needs: str | None = None
    due: str | None = None
    age: str | None = None
    country: str | None = None
    call_id: UUID | None = None
    kind: str | None = None
    mode: str | None = None
    rank_group: str | None = None
    service: str | None = None
    organisation_id: UUID | None = None
    first_time: bool | None = None
    reference: str | None = None
    sort: str = FIRST

    def wide(self) -> QueueFilters:
        """Return the same without the filters that the figures on top set."""
        return replace(self, state=None, needs=None, due=None)


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the queue: the rows after a row, or before one, by the keys of the order (a cursor), or the first ones.

    `page` is the number that is shown. Alone, as in an old address, it counts the rows.
    """

    page: int = 1
    after: str | None = None
    before: str | None = None


FIRST_PAGE = Place()


class AuditKind(StrEnum):
    """A kind of audit record."""

    ATTEMPTS = "attempts"
    REGISTER = "register"
    PARTNERS = "partners"
    RELEASES = "releases"
    LOOKS = "looks"
    OVERRIDES = "overrides"


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """The filters of the audit log; `since` and `until` are days of UTC, both included."""

    kind: AuditKind = AuditKind.ATTEMPTS
    who: str | None = None
    what: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None
