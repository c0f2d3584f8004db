"""Say the result of a candidate in plain sentences, fit for an email.

They never name a restricted area of expertise, another person, or an exclusion: what is excluded is not available.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.engine.explain.receipt import Why
from services.matching.engine.groups.repairs import OF_PEOPLE
from services.matching.engine.problem.problem import Candidate, Problem, Seat, SeatKind
from shared.contracts.codes import COUNTRIES, LANGUAGES, PRIORITIES, ApplicationKind, Change, Expertise, HardRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.explain.repairs import Counterfactual

_CHANGES_SHOWN = 2
_WEEKS_SHOWN = 3
_NOT_AVAILABLE = "no place is available"
_LAST_RULE: Mapping[HardRule, str] = {
    HardRule.PARTNER_ACTIVE: "your country does not take part at the moment",
    HardRule.CROSS_BORDER: "host and guest must be from different countries",
    HardRule.SAME_AGENCY: "host and guest must be from different agencies",
    HardRule.CONFLICT_OF_INTEREST: "there is a conflict of interest",
    HardRule.EXCLUDED_PAIR: _NOT_AVAILABLE,
    HardRule.NOT_AVAILABLE: _NOT_AVAILABLE,
    HardRule.TOPIC: "no topic that you asked for is offered",
    HardRule.COMMON_LANGUAGE: "there is no common language at the level asked for",
    HardRule.SHARED_EXPERTISE: "there is no shared area of expertise at the level asked for",
    HardRule.COMMON_WEEKS: "there are not enough weeks in common",
    HardRule.RANK_GROUP: "your rank group is not taken",
    HardRule.GROUP_SIZE: "a group of your size is not taken",
    HardRule.PRE_MATCHED: "two who go together must both name each other",
    HardRule.DECLINED_BEFORE: "you declined it before",
    HardRule.CAPACITY: "there is no free place",
    HardRule.QUOTA: "your country has used all its places",
    HardRule.SHARE_OF_OFFER: "your country has used its share of the places",
}
"""The reason for which the last seats fell away, after "because"."""


class Sentences:
    """The sentences for the candidates of one problem."""

    def __init__(self, problem: Problem) -> None:
        self._candidates = {candidate.id: candidate for candidate in problem.candidates}
        self._seats = {seat.id: seat for seat in problem.seats}
        self._wishes_count = problem.rules.wishes_count
        self._choices_count = problem.rules.choices_count and any(seat.wishes for seat in problem.seats)

    def message(self, receipt: Receipt) -> str:
        """Return what to tell a candidate: the place, or why there is none and what would have been enough."""
        candidate = self._candidates[receipt.candidate_id]
        if receipt.match is not None:
            return self._placed(candidate, self._seats[receipt.match.seat_id], receipt)
        return " ".join([_no_place(candidate), self._why(candidate, receipt), *self._changes(receipt)])

    def _placed(self, candidate: Candidate, seat: Seat, receipt: Receipt) -> str:
        what = "placement" if seat.kind is SeatKind.PLACEMENT else "mentor"
        found = [
            f"You have a {'place' if what == 'placement' else 'mentor'}: {what} {seat.id} in {_country(seat.country)}."
        ]
        topics = [_topic(topic) for topic in candidate.topics if topic in seat.topics]
        if topics:
            found.append(f"{_several(len(topics), 'Topic', 'Topics')} in common: {_listed(topics)}.")
        if candidate.weeks is not None and seat.weeks is not None:
            weeks = sorted(week for week in candidate.weeks if seat.weeks.get(week, 0))
            if weeks:
                more = [f"{len(weeks) - _WEEKS_SHOWN} more"] if len(weeks) > _WEEKS_SHOWN else []
                shown = _listed([*map(_day, weeks[:_WEEKS_SHOWN]), *more])
                found.append(f"You have the {_several(len(weeks), 'week', 'weeks')} of {shown} in common.")
        if receipt.together is not None:
            found.append(f"Your group of {receipt.together.size} stays together.")
        elif receipt.match is not None and receipt.feasible > 1:
            by = "order and points" if self._wishes_count and candidate.own_order else "points"
            found.append(
                f"By your {by} it is number {receipt.match.rank} of the {receipt.feasible} {what}s that fit you."
            )
        return " ".join(found)

    def _why(self, candidate: Candidate, receipt: Receipt) -> str:
        what = "placements" if candidate.kind is ApplicationKind.STUDY_VISIT else "mentors"
        if receipt.why is Why.GROUP_TOO_LARGE:
            size = receipt.together.size if receipt.together else candidate.group_size
            return f"None of the {what} fits all {size} members of your group."
        if receipt.why is Why.QUOTA:
            return "All places for your country in this round are taken."
        if receipt.why is Why.NO_FEASIBLE_SEAT:
            if not receipt.considered:
                return f"There are no {what} in this round."
            last = next((step.rule for step in receipt.funnel if step.removed and not step.remaining), None)
            why = _LAST_RULE[last] if last is not None else _NOT_AVAILABLE
            if receipt.considered == 1:
                return f"The only {what[:-1]} does not fit, because {why}."
            return f"None of the {receipt.considered} {what} fits. The last one was ruled out because {why}."
        count = receipt.feasible
        fit = _several(count, f"One of the {what} fits", f"{count} of the {what} fit")
        # A receipt does not know by which of both they came first.
        ahead = "who came first by the order of hosts or by points" if self._choices_count else "with more points"
        found = f"{fit} you, but {_several(count, 'its places', 'their places')} went to others {ahead}."
        if receipt.waiting_place:
            found += f" You are number {receipt.waiting_place} on the waiting list of the one that fits you best."
        return found

    def _changes(self, receipt: Receipt) -> list[str]:
        """Return the smallest changes that would have given a place, each tried by a run."""
        texts = dict.fromkeys(self._change(change) for change in receipt.changes)
        shown = list(texts)[:_CHANGES_SHOWN]
        if not shown:
            return []
        if receipt.together is not None:
            of_people = any(part.change in OF_PEOPLE for change in receipt.changes for part in change.parts)
            each = ", for each member who needs it" if of_people else ""
            return [f"Your group would have had a place {', or '.join(shown)}{each}."]
        return [f"You would have had a place {', or '.join(shown)}."]

    def _change(self, change: Counterfactual) -> str:
        return " and ".join(_CHANGES[part.change](part) for part in change.parts)


def _no_place(candidate: Candidate) -> str:
    return (
        "We have no place for you yet."
        if candidate.kind is ApplicationKind.STUDY_VISIT
        else "We have no mentor for you yet."
    )


def _more(change: Counterfactual, what: str) -> str:
    count = change.count or 1
    return f"with {'one' if count == 1 else count} more {_several(count, 'place', 'places')} {what}"


def _language(change: Counterfactual) -> str:
    name = LANGUAGES.get(change.language or "", change.language or "")
    stated = f" instead of {change.from_level.label}" if change.from_level else ""
    return f"with {name} at level {change.to_level.label if change.to_level else ''}{stated}"


def _area(change: Counterfactual) -> str:
    area = next((area for area in Expertise if area.value == change.area), None)
    if area is None or area.restricted:
        return "with one more area of expertise"
    if (change.count or 1) > 1:
        return f"with {area.label} at level {change.count}"
    return f"with {area.label} as one more area of expertise"


_CHANGES: Mapping[Change, Callable[[Counterfactual], str]] = {
    Change.LANGUAGE_LEVEL: _language,
    Change.HOST_LANGUAGE_LEVEL: lambda change: (
        f"if the host asked for {LANGUAGES.get(change.language or '', change.language or '')}"
        f" at level {change.to_level.label if change.to_level else ''}"
    ),
    Change.MORE_PLACES: lambda change: _more(change, f"at {change.at_seat_id}"),
    Change.OTHER_WEEKS: lambda change: (
        f"if the week of {_day(change.week)} were possible for you" if change.week else "with other weeks"
    ),
    Change.MORE_EXPERTISE: _area,
    Change.MORE_TOPICS: lambda change: f"with {_topic(change.topic or '')} as one more topic",
    Change.RANK_GROUP: lambda _: "if the host took your rank group",
    Change.QUOTA: lambda change: _more(change, "for your country"),
    Change.SMALLER_GROUP: lambda _: "with a smaller group",
    Change.LARGER_GROUP: lambda change: f"if {change.at_seat_id} took groups of {change.count}",
    Change.PLACES_IN_WEEK: lambda change: _more(
        change,
        f"at {change.at_seat_id} in the week of {_day(change.week)}" if change.week else f"at {change.at_seat_id}",
    ),
    Change.AVAILABILITY: lambda change: f"if {change.seat_id} were available",
}


def _country(code: str) -> str:
    return "an EU agency" if code == "EU" else COUNTRIES.get(code, code)


def _topic(code: str) -> str:
    return next((topics[code].label for topics in reversed(PRIORITIES.values()) if code in topics), code)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _several(count: int, single: str, several: str) -> str:
    return single if count == 1 else several


def _listed(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
