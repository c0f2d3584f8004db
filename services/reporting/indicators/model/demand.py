"""Define the indicators of demand: the results of applications, and why some found no place.

Both follow the applications that arrived in the period, so that those received, matched and completed are the same
applications. Beside the needs of the register (room `needs`) they serve the next needs analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.facts.model.facts import NO_OFFER
from services.reporting.indicators.model.figure import UNSAID, Definition, Measure, Unit
from shared.contracts import applications, matches, mentorships, receipts
from shared.contracts.codes import Code, HardRule, Outcome
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from services.reporting.facts.model.book import Book
    from services.reporting.facts.model.facts import Fact
    from services.reporting.periods.model.periods import Period

RECEIVED = "TOPCOP-IN-01"
RESULTS = "TANDEM-ND-01"
MATCHED = "TANDEM-ND-02"
UNMET = "TANDEM-ND-03"


class Result(Code):
    """The result of an application by the cut-off."""

    MATCHED = "matched", N_("Matched")
    NOT_MATCHED = "not_matched", N_("Found no match")
    OTHER = "other", N_("Not decided, or left before a match")


class Completion(Code):
    """The progress of a matched application."""

    COMPLETED = "completed", N_("Completed")
    OPEN = "open", N_("Not completed, or not yet")


class Gap(Code):
    """The reason why an application found no place: the rule that left none, in a few groups."""

    OFFER = NO_OFFER, N_("No place was on offer")
    TOPIC = "no_topic", N_("No place in a wanted topic")
    LANGUAGE = "no_language", N_("No place in a language that the officer has")
    EXPERTISE = "no_expertise", N_("No place for the officer's expertise")
    WEEKS = "no_weeks", N_("No place in a week that suits both")
    TAKEN = "places_taken", N_("Places that fit were taken")
    OTHER = "other_rule", N_("Another rule left none")


_GAPS: dict[str, Gap] = {
    NO_OFFER: Gap.OFFER,
    HardRule.TOPIC: Gap.TOPIC,
    HardRule.COMMON_LANGUAGE: Gap.LANGUAGE,
    HardRule.SHARED_EXPERTISE: Gap.EXPERTISE,
    HardRule.COMMON_WEEKS: Gap.WEEKS,
    HardRule.CAPACITY: Gap.TAKEN,
    HardRule.QUOTA: Gap.TAKEN,
    HardRule.SHARE_OF_OFFER: Gap.TAKEN,
    HardRule.GROUP_SIZE: Gap.TAKEN,
}
"""The other rules are one group: one of them, an exclusion, may be confidential."""


@dataclass(frozen=True, slots=True)
class Became:
    """The result of an application and the events that prove it; how far a match has come, or what was missing."""

    result: Result
    proof: tuple[UUID, ...]
    completion: Completion | None = None
    gap: Gap | None = None


class _Followed:
    """The results of a period's applications, looked up once for all."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._completed = self._last(
            [*book.completed, *self._counting(mentorships.MentorshipCompleted.type)], by_application=True
        )
        self._confirmed = self._last(
            [
                fact
                for fact in self._counting(matches.MatchConfirmed.type)
                if not book.of(fact.subject, matches.MatchCancelled.type)
            ],
            by_application=True,
        )
        self._refused = self._last(book.all(receipts.NoMatchExplained.type))
        self._decided = {fact.subject: fact for fact in book.first(applications.ApplicationDecided.type)}

    def _counting(self, type_: str) -> list[Fact]:
        return [fact for fact in self._book.all(type_) if fact.subject not in self._book.voided]

    @staticmethod
    def _last(facts: Iterable[Fact], *, by_application: bool = False) -> dict[str, Fact]:
        """Return the latest fact of each application."""
        found: dict[str, Fact] = {}
        for fact in sorted(facts, key=lambda each: (each.occurred_at, str(each.id))):
            found[fact.values["application"] if by_application else fact.subject] = fact
        return found

    def of(self, application: str) -> Became:
        """Return the result of an application."""
        done, match = self._completed.get(application), self._confirmed.get(application)
        if proof := done or match:
            state = Completion.COMPLETED if done else Completion.OPEN
            return Became(Result.MATCHED, (proof.id,), completion=state)
        decided, refused = self._decided.get(application), self._refused.get(application)
        # An application refused after its decision is in matching again: an appeal was upheld, or a match fell through.
        waits = refused is not None and (decided is None or refused.occurred_at > decided.occurred_at)
        if waits or (decided is not None and decided.values["outcome"] == Outcome.UNPLACED_AT_CLOSE):
            ids = tuple(fact.id for fact in (decided, refused) if fact is not None)
            return Became(Result.NOT_MATCHED, ids, gap=_gap(refused) if refused else None)
        return Became(Result.OTHER, (decided.id,) if decided else ())


def _gap(receipt: Fact) -> Gap:
    """Return what was missing: the rule that left no place, or, if places were left, that others had them."""
    failed = receipt.values["failed"]
    return Gap.TAKEN if failed is None else _GAPS.get(failed, Gap.OTHER)


def _applications(book: Book, period: Period) -> list[tuple[Became, Unit]]:
    return book.once(("asked", period), lambda: list(_followed(book, period)))


def _followed(book: Book, period: Period) -> Iterator[tuple[Became, Unit]]:
    followed = _Followed(book)
    for fact in book.first(applications.ApplicationSubmitted.type):
        if fact.day not in period or fact.subject in book.voided:
            continue
        became = followed.of(fact.subject)
        dimensions = {
            "priority-topic": fact.values["topic"],
            "country-of-service": fact.values["country"],
            "language": fact.values.get("language"),
            "level": fact.values.get("level"),
            "result": became.result.value,
            "completion": became.completion and became.completion.value,
            "gap": became.gap and became.gap.value,
        }
        yield became, Unit(fact.subject, (fact.id,), dimensions=dimensions, placed_by={"result": became.proof})


def _results(book: Book, period: Period) -> Iterator[Unit]:
    for _, unit in _applications(book, period):
        yield unit


def _with(result: Result) -> Callable[[Book, Period], Iterator[Unit]]:
    """Return the units with one result; the events that say so prove the whole number here, not only a part of it."""

    def units(book: Book, period: Period) -> Iterator[Unit]:
        for became, unit in _applications(book, period):
            if became.result is result:
                yield Unit(unit.key, (*unit.events, *became.proof), dimensions=unit.dimensions)

    return units


CLOSED: dict[str, tuple[str, ...]] = {
    "result": tuple(Result),
    "completion": tuple(Completion),
    "level": ("1", "2", "3", UNSAID),
    "gap": (*Gap, UNSAID),
}
"""Dimensions of which everybody knows all possible values."""

_SOURCES = (
    "ApplicationSubmitted",
    "ApplicationVoided",
    "ApplicationDecided",
    "NoMatchExplained",
    "MatchConfirmed",
    "MatchCancelled",
    "VisitCompleted",
    "VisitVoided",
    "MentorshipCompleted",
)

DEFINITIONS = (
    Definition(
        id=RESULTS,
        level="demand",
        title=N_("Outcome of the applications received"),
        measure=Measure.COUNT,
        numerator=N_(
            "Applications submitted for the first time in the period, by their outcome up to the cut-off. Those "
            "entered in error are left out. The topic is the first that the officer named. The language is the best "
            "one besides the officer's native language. The level is the highest in any area of expertise."
        ),
        sources=_SOURCES,
        units=_results,
        dimensions=(
            "result",
            "language",
            "level",
            "topic-and-result",
            "country-and-result",
            "language-and-result",
            "level-and-result",
        ),
        additive=True,
        unit_of=N_("applications"),
    ),
    Definition(
        id=MATCHED,
        level="demand",
        title=N_("Applications that were matched"),
        measure=Measure.COUNT,
        numerator=N_(
            "The applications above that have a confirmed match, or a completed visit or mentorship. Cancelled matches "
            "do not count. The parts show whether it is completed."
        ),
        sources=_SOURCES,
        units=_with(Result.MATCHED),
        dimensions=(
            "completion",
            "topic-and-completion",
            "country-and-completion",
            "language-and-completion",
            "level-and-completion",
        ),
        additive=True,
        guarded=True,
        unit_of=N_("applications"),
    ),
    Definition(
        id=UNMET,
        level="demand",
        title=N_("Applications that found no match"),
        measure=Measure.COUNT,
        numerator=N_(
            "The applications above that found no match, or had no place when the call closed. An application that has "
            "found a match since is left out. The newest explanation gives the reason: the first rule that left no "
            "place, or that the suitable places were taken."
        ),
        sources=_SOURCES,
        units=_with(Result.NOT_MATCHED),
        dimensions=("gap", "topic-and-country", "topic-and-language", "country-and-gap"),
        additive=True,
        guarded=True,
        unit_of=N_("applications"),
    ),
)
