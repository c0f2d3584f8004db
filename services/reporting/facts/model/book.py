"""Look facts up by type and subject while figures are computed; each event counts once, in any order."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from services.reporting.facts.model.flaws import left_out
from services.reporting.groupings.model import EACH_VALUE
from shared.contracts import applications, counting, offers, visits

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from datetime import date, datetime
    from uuid import UUID

    from services.reporting.facts.model.facts import Fact
    from services.reporting.groupings.model import Levels
    from services.reporting.periods.model.periods import Period

T = TypeVar("T")


def _in_order(facts: Iterable[Fact]) -> dict[str, dict[str, list[Fact]]]:
    """Return facts by type and subject: the subjects sorted, the facts of each oldest first.

    Facts are grouped before they are sorted: sorting all at once takes much longer.
    """
    found: dict[str, dict[str, list[Fact]]] = {}
    for fact in facts:
        found.setdefault(fact.type, {}).setdefault(fact.subject, []).append(fact)
    for type_, subjects in found.items():
        for of_subject in subjects.values():
            if len(of_subject) > 1:
                of_subject.sort(key=lambda each: (each.sequence, str(each.id)))
        found[type_] = {subject: subjects[subject] for subject in sorted(subjects)}
    return found


class Book:
    """The facts up to a cut-off, by type and subject."""

    def __init__(
        self,
        facts: Iterable[Fact],
        cut_off: datetime,
        *,
        first: date | None = None,
        levels: Levels = EACH_VALUE,
    ) -> None:
        """Take facts in any order; the same event twice is one fact.

        Facts after `cut_off` are left out, and so are those that cannot be right (`model/flaws.py`). `first` is the
        first business date of the whole programme, for a book that holds some types of events only. `levels` say by
        which groups figures are broken down.
        """
        self.cut_off = cut_off
        self.levels = levels
        once = {fact.id: fact for fact in facts if fact.occurred_at <= cut_off and not left_out(fact.type, fact.values)}
        self._first = first or min((fact.day for fact in once.values()), default=None)
        self._by_type = _in_order(once.values())
        self._computed: dict[Hashable, Any] = {}

    def once(self, what: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns, computed once for this book: several indicators count the same units."""
        if what not in self._computed:
            self._computed[what] = make()
        made: T = self._computed[what]
        return made

    def reaches(self, period: Period) -> bool:
        """Return whether there are data: the programme had begun by the period's end, and the period by the cut-off."""
        return self._first is not None and self._first <= period.end and period.start <= self.cut_off.date()

    def all(self, *types: str) -> Iterator[Fact]:
        """Yield the facts of these types, in an order that does not depend on how they arrived."""
        for type_ in types:
            for facts in self._by_type.get(type_, {}).values():
                yield from facts

    def first(self, type_: str) -> Iterator[Fact]:
        """Yield each subject's first fact of a type."""
        return (facts[0] for facts in self._by_type.get(type_, {}).values())

    def of(self, subject: str, *types: str) -> list[Fact]:
        """Return the facts of these types about one subject, oldest first."""
        if len(types) == 1:  # these are in order already
            return list(self._by_type.get(types[0], {}).get(subject, ()))
        found = [fact for type_ in types for fact in self._by_type.get(type_, {}).get(subject, ())]
        return sorted(found, key=lambda fact: fact.sequence)

    def subjects(self, *types: str) -> list[str]:
        """Return all subjects with a fact of one of these types, sorted."""
        if len(types) == 1:
            return list(self._by_type.get(types[0], ()))
        return sorted({subject for type_ in types for subject in self._by_type.get(type_, {})})

    @cached_property
    def voided(self) -> frozenset[str]:
        """The cases entered in error, not counted: applications with all that followed, visits, placements."""
        gone = set(self.subjects(applications.ApplicationVoided.type))
        theirs = {fact.subject for fact in self.everything() if fact.values.get("application") in gone} if gone else ()
        return frozenset({*gone, *theirs, *self.subjects(visits.VisitVoided.type, offers.OfferVoided.type)})

    @cached_property
    def completed(self) -> tuple[Fact, ...]:
        """Visits of which all required days were attended, without those entered in error."""
        return tuple(
            fact
            for fact in self.first(visits.VisitCompleted.type)
            if fact.subject not in self.voided and fact.values["attended"] >= fact.values["required"]
        )

    def counted_as(self, application: str) -> Fact | None:
        """Return the fact that says under which key an application's person is counted."""
        facts = self.of(application, counting.CountingKeyAssigned.type)
        return facts[-1] if facts else None

    def sex(self, application: str) -> str | None:
        """Return the sex of an application's person, if it was given."""
        fact = self.counted_as(application)
        return fact.values.get("sex") if fact else None

    @cached_property
    def persons(self) -> dict[str, Fact]:
        """The latest fact for each counting key: a person may have corrected what was given before."""
        newest: dict[str, Fact] = {}
        for subject in self.subjects(counting.CountingKeyAssigned.type):
            fact = self.of(subject, counting.CountingKeyAssigned.type)[-1]
            former = newest.get(fact.values["key"])
            if former is None or (former.occurred_at, str(former.id)) < (fact.occurred_at, str(fact.id)):
                newest[fact.values["key"]] = fact
        return newest

    def sex_given_by(self, application: str) -> dict[str, tuple[UUID, ...]]:
        """Return the event that gives a person's sex, as what places a unit in the dimension `sex`."""
        fact = self.counted_as(application)
        return {"sex": (fact.id,)} if fact else {}

    def terms(self, offer: str) -> Fact | None:
        """Return the latest terms of an offer."""
        facts = self.of(offer, offers.OfferPublished.type, offers.OfferRevised.type)
        return facts[-1] if facts else None

    def everything(self) -> Iterator[Fact]:
        """Yield all facts."""
        yield from self.all(*sorted(self._by_type))
