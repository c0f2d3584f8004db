"""Leave out what a worker fails at, so that the rest goes on, and name it on the service's page of problems.

A worker does its work for all subjects at once; where that fails, for each alone (`each`). Those that fail alone stand
in the table `set_aside` with the reason, are tried again every half a minute, and leave the table once they succeed.
Errors that pass by themselves, and a lost lease, concern no subject and are raised.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from pydantic import ValidationError
from sqlalchemy import text

from shared.bus.db.leases import LeaseLost
from shared.bus.db.transient_errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.bus import Bus

log = structlog.get_logger(__name__)

AGAIN_AFTER = 30.0
"""Seconds after which something that was set aside is tried again."""
PAGE = 100
_LONGEST = 500
S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Problem:
    """A subject that a worker leaves out, and why."""

    work: str
    subject: str
    reason: str
    since: datetime


_DELETE = text("DELETE FROM set_aside WHERE work = :work AND scope = :scope AND NOT subject = ANY(:subjects)")
_INSERT = text(
    "INSERT INTO set_aside (work, subject, scope, reason)"
    " SELECT :work, subject, :scope, reason FROM unnest(CAST(:subjects AS text[]), CAST(:reasons AS text[]))"
    " AS new(subject, reason)"
    " ON CONFLICT (work, subject) DO UPDATE SET scope = excluded.scope, reason = excluded.reason"
)
_SUBJECTS = text("SELECT subject FROM set_aside WHERE work = :work")
_CLEAR = text("DELETE FROM set_aside WHERE work = :work AND subject = ANY(:subjects)")
_ANY = text("SELECT 1 FROM set_aside WHERE work = :work AND scope = :scope LIMIT 1")
_PROBLEMS = text("SELECT work, subject, reason, since FROM set_aside ORDER BY since, work, subject LIMIT :limit")


async def note(session: AsyncSession, work: str, scope: str, failed: Mapping[str, str]) -> None:
    """Store which subjects of a scope a worker leaves out now, with the reasons; others of the scope have succeeded."""
    about = {"work": work, "scope": scope}
    if not failed and (await session.execute(_ANY, about)).first() is None:
        return
    subjects = sorted(failed)
    await session.execute(_DELETE, about | {"subjects": subjects})
    await session.execute(_INSERT, about | {"subjects": subjects, "reasons": [failed[each] for each in subjects]})


async def add(session: AsyncSession, work: str, failed: Mapping[str, str]) -> None:
    """Store some more subjects that a worker leaves out, with the reasons."""
    if failed:
        subjects = sorted(failed)
        reasons = [failed[each] for each in subjects]
        await session.execute(_INSERT, {"work": work, "scope": "", "subjects": subjects, "reasons": reasons})


async def subjects(session: AsyncSession, work: str) -> set[str]:
    """Return the subjects that a worker leaves out."""
    return set((await session.scalars(_SUBJECTS, {"work": work})).all())


async def clear(session: AsyncSession, work: str, subjects: Collection[str]) -> None:
    """Remove subjects with which a worker has succeeded, or that are gone."""
    if subjects:
        await session.execute(_CLEAR, {"work": work, "subjects": sorted(subjects)})


async def problems(session: AsyncSession) -> list[Problem]:
    """Return what the workers of a service leave out, the oldest first, a page at most."""
    rows = await session.execute(_PROBLEMS, {"limit": PAGE})
    return [Problem(*row) for row in rows]


def reason_of(error: Exception) -> str:
    """Return an error as one line for the page of problems: where a value breaks which rule, or what it says."""
    if isinstance(error, ValidationError):
        broken = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False))
        return "; ".join(broken)[:_LONGEST]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST]


def of_subject(error: Exception) -> bool:
    """Return whether an error is about a subject: it does not pass by itself, and no lease was lost."""
    return not isinstance(error, LeaseLost) and not is_transient(error)


@dataclass(slots=True)
class SetAside(Generic[S]):
    """The subjects that one worker leaves out, in one process."""

    bus: Bus
    work: str
    scope: str = ""
    _failed: dict[S, str] = field(default_factory=dict)
    _again: dict[S, float] = field(default_factory=dict)
    _stored: dict[S, str] | None = None

    def __contains__(self, subject: object) -> bool:
        """Return whether a subject is set aside."""
        return subject in self._failed

    async def each(
        self, subjects: Collection[S], act: Callable[[Sequence[S]], Awaitable[int]], *, at_once: int | None = None
    ) -> int:
        """Do something for all subjects, or for `at_once` at a time, or for each alone where that fails.

        Returns the sum of its results.

        `subjects` are all for which there is something to do now: who is not among them is no longer set aside. `act`
        has a transaction of its own. Raises what concerns no subject.
        """
        now = monotonic()
        self._failed = {each: why for each, why in self._failed.items() if each in subjects}
        ready = [each for each in subjects if each not in self._failed or self._again[each] <= now]
        done, size = 0, at_once or max(1, len(ready))
        for start in range(0, len(ready), size):
            done += await self._act(ready[start : start + size], act)
        if self._failed != self._stored:
            async with self.bus.transaction("system:problems") as tx:
                await note(tx.session, self.work, self.scope, {str(each): why for each, why in self._failed.items()})
            self._stored = dict(self._failed)
        return done

    async def _act(self, ready: Sequence[S], act: Callable[[Sequence[S]], Awaitable[int]]) -> int:
        if len(ready) > 1:
            try:
                done = await act(ready)
            except Exception as error:
                if not of_subject(error):
                    raise
            else:
                for subject in ready:
                    self._failed.pop(subject, None)
                return done
        done = 0
        for subject in ready:
            try:
                done += await act([subject])
            except Exception as error:
                if not of_subject(error):
                    raise
                self._failed[subject], self._again[subject] = reason_of(error), monotonic() + AGAIN_AFTER
                log.warning("a subject is set aside", work=self.work, subject=str(subject), exc_info=error)
            else:
                self._failed.pop(subject, None)
        return done
