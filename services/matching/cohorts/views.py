"""The words for stages, reasons, rules and receipts, in the language of the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.provisional.store.replacements import Outcome
from shared.contracts import labels
from shared.contracts.codes import Change, Criterion, Expertise, HardRule, MatchState
from shared.contracts.codes.priorities import PRIORITIES
from shared.contracts.receipts import MatchExplained, NoMatchExplained
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.states import State, state, states

__all__ = [
    "area",
    "change",
    "match_stage",
    "reason",
    "receipt",
    "replacement",
    "replaces",
    "rule_name",
    "stage",
    "states",
    "topic",
    "waiting",
]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from services.matching.engine.explain.waiting import InLine
    from services.matching.facts.store.facts import Seat
    from services.matching.lifecycle.model.match import Match
    from shared.contracts.receipts import Counterfactual

_WHY: dict[str, str] = {
    "no_feasible_seat": N_("No place meets all rules"),
    "quota": N_("The country's quota is used up"),
    "outranked": N_("Others came first for the places that fit"),
    "group_too_large": N_("No place takes the whole group in the same week"),
}

Explained = MatchExplained | NoMatchExplained
"""A receipt, as an event."""


def stage(kind: str, code: str) -> State:
    """Return the stage of a case with its name and colour, in the words for staff."""
    return state(kind, code).for_others


def match_stage(match: Match) -> State:
    """Return the state of a match, marked while it is a reserve."""
    return stage("match", f"reserve_{match.state}" if match.in_reserve else match.state)


def replacement(row: Row[Any], notice_weeks: int) -> dict[str, str] | str | None:
    """Return the outcome for the place of a visit that did not take place; None if no replacement was sought."""
    if row.looked_for:
        return gettext("The next in line is looked for")
    match row.outcome:
        case Outcome.PROPOSED if row.by_reference is None:
            return gettext("Somebody else has the place")
        case Outcome.PROPOSED:
            taken = row.match_state == MatchState.CONFIRMED
            text = gettext("Replaced by %(reference)s") if taken else gettext("Place proposed to %(reference)s")
            href = f"/matching/applications/{row.by_application}"
            return {"text": text % {"reference": row.by_reference}, "href": href}
        case Outcome.TOO_LATE:
            return gettext("Too late to replace: less than %(weeks)d weeks") % {"weeks": notice_weeks}
        case Outcome.NOBODY:
            return gettext("Nobody in line could take the place")
    return None


def replaces(row: Row[Any]) -> dict[str, str] | str | None:
    """Return whose place a visit took over; None if it took over nobody's."""
    if row.replaces is None:
        return None
    if row.for_reference is None:
        return gettext("Takes the place of a visit that was given up")
    text = gettext("Takes the place of %(reference)s") % {"reference": row.for_reference}
    return {"text": text, "href": f"/matching/applications/{row.for_application}"}


def reason(why: str | None, rule: str | None) -> str:
    """Return in a few words why there is no match: the first reason only."""
    if rule is not None:
        return gettext("No place left after the rule: %(rule)s") % {"rule": rule_name(rule)}
    if why is None:
        return gettext("Being worked out")
    return gettext(_WHY.get(why, why))


def rule_name(rule: str) -> str:
    """Return the name of a hard rule; an exclusion shows as any other unavailable place."""
    return labels.label(HardRule(rule))


def topic(code: str, scheme: str) -> str:
    """Return the name of a priority topic in its scheme."""
    known = PRIORITIES.get(scheme, {}).get(code)
    return gettext(known.label) if known else labels.label(code)


def area(code: str) -> str:
    """Return the name of an area of expertise; a restricted one is not named (domain.md)."""
    known = Expertise(code)
    return gettext("restricted") if known.restricted else labels.label(known)


def receipt(published: Explained, seats: Mapping[UUID, Seat], scheme: str, *, side: str) -> dict[str, Any]:
    """Return a receipt as the templates show it; `side` is `applicant`, `host`, or `both` for a coordinator."""
    shown: dict[str, Any] = {
        "matched": isinstance(published, MatchExplained),
        "considered": published.considered,
        "feasible": published.feasible,
        "side": side,
        "funnel": [
            {"name": labels.label(rule), "left": left, "lost": lost}
            for rule, left, lost in public_funnel(published)
            if lost
        ]
        if side != "host"
        else [],
        "changes": [change(one, seats, scheme) for one in published.counterfactuals] if side != "host" else [],
        "columns": [],
        "rank": None,
        "host_rank": None,
        "ring": published.ring if isinstance(published, MatchExplained) else None,
        "waiting_place": None if isinstance(published, MatchExplained) else published.waiting_place,
        "notes": _notes(published) if side != "host" else [],
    }
    if not isinstance(published, MatchExplained):
        return shown
    if side in ("applicant", "both"):
        shown["rank"] = published.rank
        shown["columns"].append(_points(published, "applicant", gettext("What the officer gains")))
    if side in ("host", "both"):
        shown["host_rank"] = published.host_rank
        shown["columns"].append(_points(published, "host", gettext("What the host prefers")))
    return shown


def waiting(in_line: Sequence[InLine], seats: Mapping[UUID, Seat]) -> list[dict[str, str]]:
    """Return where an application waits, by place, and what else must happen first."""
    rows = []
    for one in in_line:
        seat = seats.get(UUID(one.seat_id))
        if one.limit is HardRule.QUOTA:
            needs = gettext("The country's quota is used up: somebody of the same country must leave a place.")
        elif one.limit is HardRule.SHARE_OF_OFFER:
            needs = gettext("The country's share of this place is used up: somebody of the same country must leave it.")
        elif one.free:
            needs = gettext("A place is free; it is given when the next cohort is committed.")
        else:
            needs = gettext("A place must fall free.")
        at = gettext("%(at)d of %(of)d") % {"at": one.at, "of": one.of}
        rows.append({"name": seat.reference if seat else gettext("another place"), "at": at, "needs": needs})
    return rows


def _notes(published: Explained) -> list[str]:
    """Return further facts that decided: the group that is placed together, the floor of the country."""
    notes = []
    if published.group_size and isinstance(published, MatchExplained):
        notes.append(
            ngettext(
                "Placed as a group of %(num)d: all of it at this place, in the same weeks.",
                "Placed as a group of %(num)d: all of it at this place, in the same weeks.",
                published.group_size,
            )
            % {"num": published.group_size}
        )
    elif published.group_size:
        notes.append(
            gettext("A group of %(size)d is placed whole or not at all; %(count)d places could take all of it.")
            % {"size": published.group_size, "count": published.group_feasible or 0}
        )
    if isinstance(published, MatchExplained) and published.override:
        why = {"reason": labels.label(published.override)}
        notes.append(gettext("Put to this place by a programme coordinator: %(reason)s.") % why)
    if published.floor_first:
        notes.append(gettext("The least number that the call sets for the country put this application first."))
    return notes


def _points(published: MatchExplained, side: str, title: str) -> dict[str, Any]:
    rows = [
        {
            "name": labels.label(Criterion(one.criterion)),
            "points": getattr(one, side),
            "most": getattr(one, f"{side}_of"),
            "note": None,
        }
        for one in published.points
        if getattr(one, f"{side}_of")
    ]
    return {
        "title": title,
        "rows": rows,
        "total": sum(row["points"] for row in rows),
        "most": sum(row["most"] for row in rows),
    }


def change(counterfactual: Counterfactual, seats: Mapping[UUID, Seat], scheme: str) -> str:
    """Return a smallest change that would have matched, as a sentence."""
    seat_id = counterfactual.offer_id or counterfactual.mentor_id
    seat = seats.get(seat_id) if seat_id else None
    where = seat.reference if seat else gettext("another place")
    count = counterfactual.count or 1
    if counterfactual.change is Change.MORE_PLACES:
        return ngettext("%(num)d more place at %(place)s", "%(num)d more places at %(place)s", count) % {
            "num": count,
            "place": where,
        }
    return gettext("%(change)s (then %(place)s)") % {
        "change": _of_the_applicant(counterfactual, scheme, count),
        "place": where,
    }


def _of_the_applicant(counterfactual: Counterfactual, scheme: str, count: int) -> str:
    match counterfactual.change:
        case Change.LANGUAGE_LEVEL if counterfactual.language:
            text = f"{labels.tongue(counterfactual.language)} {counterfactual.from_level} → {counterfactual.to_level}"
        case Change.OTHER_WEEKS:
            text = ngettext("%(num)d more week in which you can go", "%(num)d more weeks in which you can go", count)
            text %= {"num": count}
            if counterfactual.period:
                text += f", {dates.span(counterfactual.period.start, counterfactual.period.end)}"
        case Change.MORE_TOPICS if counterfactual.topic:
            text = gettext("One more topic: %(topic)s") % {"topic": topic(counterfactual.topic, scheme)}
        case Change.MORE_EXPERTISE if counterfactual.area:
            text = gettext("One more area of expertise: %(area)s") % {"area": area(counterfactual.area)}
        case Change.QUOTA if counterfactual.country:
            text = gettext("A higher quota for %(country)s") % {"country": labels.country(counterfactual.country)}
        case _:
            text = labels.label(counterfactual.change)
    return text


def public_funnel(receipt: Explained) -> list[tuple[HardRule, int, int]]:
    """Return rule, seats left and seats taken away.

    An exclusion shows as "not available" (domain.md), like any other.
    """
    steps: list[tuple[HardRule, int, int]] = []
    before = receipt.considered
    for step in receipt.funnel:
        steps.append((step.rule, step.remaining, before - step.remaining))
        before = step.remaining
    return steps
