"""A what-if in words: the terms that differ, the results of both sides, and who wins and loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.matching.interventions.model import How, OtherTerms, Outcome
from shared.contracts import labels
from shared.contracts.codes import RankGroup, ServiceKind
from shared.i18n import N_, gettext, ngettext
from shared.i18n.numbers import number, percent
from shared.web.graphics.charts import Chart, Pair, pairs
from shared.web.states import State, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.matching.facts.store.facts import Seat
    from services.matching.interventions.model import Group, Moved, Side
    from services.matching.interventions.store import WhatIf
    from shared.contracts.runs import RunFinished

_TABLE: tuple[tuple[str, Tone, str, str], ...] = (
    ("waiting", "office", N_("Waiting"), N_("It begins as soon as the one before it is done.")),
    ("running", "office", N_("Being worked out"), N_("You can leave this page and come back to it.")),
    ("done", "done", N_("Done"), N_("Nothing of it is published, and nobody is told.")),
    ("failed", "error", N_("Failed"), N_("It could not be worked out. Ask for it again.")),
    ("cancelled", "ended", N_("Cancelled"), N_("It was stopped before it was done.")),
)
_STATES: dict[str, State] = {
    code: State("what_if", code, tone, word, explanation, "", "") for code, tone, word, explanation in _TABLE
}
_STEPS = (
    N_("Reading the facts"),
    N_("Matching under the call's own terms"),
    N_("Finding what those terms cost"),
    N_("Matching under the other terms"),
    N_("Finding what the other terms cost"),
    N_("Comparing the two"),
)
_HOW: dict[How, tuple[str, str]] = {
    How.LOST: ("wait", N_("Loses the place")),
    How.WORSE: ("wait", N_("Gets a less wanted place")),
    How.GAINED: ("go", N_("Gets a place")),
    How.BETTER: ("go", N_("Gets a more wanted place")),
    How.OTHER: ("office", N_("Gets a place that the present terms do not allow")),
}
_CHOICES = 5
"""So many choices have a bar of their own; the rest is told together."""


def state(code: str) -> State:
    """Return the name of a what-if's state."""
    return _STATES[code]


def step(row: WhatIf) -> str:
    """Return in words what is done right now."""
    return gettext(_STEPS[min(row.step, len(_STEPS) - 1)])


def compared(row: WhatIf) -> tuple[OtherTerms, OtherTerms]:
    """Return the call's own terms and the others, as they were stored."""
    return OtherTerms.model_validate(row.own), OtherTerms.model_validate(row.other)


def changes(own: OtherTerms, other: OtherTerms) -> list[tuple[str, str, str]]:
    """Return the differences: the name of the term, the call's value, the what-if's value."""
    found = [
        (gettext("Aim"), _text(own.objective), _text(other.objective)),
        (gettext("Most of an offer to one country"), _share(own.share_of_offer), _share(other.share_of_offer)),
        (gettext("Shortest visit"), _days(own.minimum_days), _days(other.minimum_days)),
        (gettext("Notice before a visit"), _weeks(own.notice_weeks), _weeks(other.notice_weeks)),
    ]
    before = {one.criterion: one for one in own.weights or ()}
    for after in other.weights or ():
        one = before.get(after.criterion)
        for side, name in (
            ("applicant", N_("%(criterion)s, for the officer")),
            ("host", N_("%(criterion)s, for the host")),
        ):
            values = number(getattr(one, side, 0)), number(getattr(after, side))
            found.append((gettext(name) % {"criterion": labels.label(after.criterion)}, *values))
    quotas = {quota.country: quota for quota in own.quotas or ()}
    others = {quota.country: quota for quota in other.quotas or ()}
    found += [
        (
            gettext("Quota of %(country)s") % {"country": labels.country(code)},
            _quota(quotas.get(code)),
            _quota(others.get(code)),
        )
        for code in sorted(quotas.keys() | others.keys())
    ]
    return [one for one in found if one[1] != one[2]]


def _text(value: object) -> str:
    return labels.label(value).partition(":")[0]


def _share(value: int | None) -> str:
    return percent((value or 0) / 100)


def _days(value: int | None) -> str:
    return ngettext("%(num)d working day", "%(num)d working days", value or 0) % {"num": value or 0}


def _weeks(value: int | None) -> str:
    return ngettext("%(num)d week", "%(num)d weeks", value or 0) % {"num": value or 0}


def _quota(quota: Any) -> str:
    if quota is None:
        return gettext("none")
    if quota.ceiling is None:
        return gettext("%(floor)d or more") % {"floor": quota.floor}
    return gettext("%(floor)d to %(ceiling)d") % {"floor": quota.floor, "ceiling": quota.ceiling}


def finding(outcome: Outcome) -> str:
    """Return the outcome in a sentence."""
    before, after = (sum(side.matched for side in sides) for sides in (outcome.before, outcome.after))
    people = sum(side.applications for side in outcome.before)
    if not outcome.moved_in_all:
        return gettext("Nothing changes: %(matched)d of %(people)d have the same places.") % {
            "matched": before,
            "people": people,
        }
    return gettext(
        "%(after)d of %(people)d would have a place instead of %(before)d; it makes a difference to %(moved)d."
    ) % {"after": after, "before": before, "people": people, "moved": outcome.moved_in_all}


def result(row: WhatIf) -> str:
    """Return the outcome for a line of the list."""
    return finding(Outcome.model_validate(row.outcome)) if row.outcome else ""


def sides(outcome: Outcome) -> list[dict[str, Any]]:
    """Return a table for each kind of application: term, the call's own terms, the others, the difference."""
    return [
        {"kind": before.kind, "rows": _rows(before, after)}
        for before, after in zip(outcome.before, outcome.after, strict=True)
        if before.applications or after.applications
    ]


def _rows(before: Side, after: Side) -> list[tuple[str, str, str, str]]:
    plain = [
        (gettext("Applications"), before.applications, after.applications),
        (gettext("Places"), before.places, after.places),
        (gettext("Pairs that meet all rules"), before.feasible_pairs, after.feasible_pairs),
        (gettext("Matched"), before.matched, after.matched),
        (gettext("Blocking pairs"), before.blocking_pairs, after.blocking_pairs),
        (gettext("First choice obtained"), dict(before.ranks).get(1, 0), dict(after.ranks).get(1, 0)),
    ]
    rows = [(name, number(one), number(other), _difference(other - one)) for name, one, other in plain]
    rows.append((gettext("Of the best possible sum"), _of_best(before), _of_best(after), ""))
    rows.append((gettext("Quotas that cannot be met"), _unmet(before), _unmet(after), ""))
    return rows


def _difference(value: int) -> str:
    return "±0" if not value else f"+{number(value)}" if value > 0 else f"−{number(-value)}"  # noqa: RUF001 - a minus


def _of_best(side: Side) -> str:
    share = percent(side.of_best_ppm / 1_000_000, 2)
    return share if side.proven else gettext("at least %(share)s") % {"share": share}


def _unmet(side: Side) -> str:
    return ", ".join(f"{labels.country(code)} −{number(count)}" for code, count in side.floors_unmet) or gettext("none")  # noqa: RUF001 - a minus


def ranks(outcome: Outcome) -> list[Chart]:
    """Return which choice the officers obtain on either side, a chart a kind."""
    charts = []
    for before, after in zip(outcome.before, outcome.after, strict=True):
        if not before.matched and not after.matched:
            continue
        one, other = dict(before.ranks), dict(after.ranks)
        last = max((*one, *other), default=1)
        items = [
            Pair(gettext("Choice %(rank)s") % {"rank": number(rank)}, one.get(rank, 0), other.get(rank, 0))
            for rank in range(1, min(last, _CHOICES) + 1)
        ]
        if last > _CHOICES:
            rest = [sum(count for rank, count in side.items() if rank > _CHOICES) for side in (one, other)]
            items.append(Pair(gettext("Choice %(rank)s or later") % {"rank": number(_CHOICES + 1)}, *rest))
        unplaced = [side.applications - side.matched for side in (before, after)]
        items.append(Pair(gettext("No place"), *unplaced))
        title = gettext("%(kind)s: %(after)d obtain their first choice instead of %(before)d") % {
            "kind": labels.label(before.kind),
            "after": other.get(1, 0),
            "before": one.get(1, 0),
        }
        charts.append(pairs(title, items, label=gettext("Obtained"), names=(gettext("as it is"), gettext("what if"))))
    return charts


def groups(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the three tables of winners and losers."""
    return [
        {"title": gettext("By country"), "rows": [(labels.country(one.code), one) for one in outcome.countries]},
        {"title": gettext("By service"), "rows": _named(outcome.services, ServiceKind)},
        {"title": gettext("By rank group"), "rows": _named(outcome.rank_groups, RankGroup)},
    ]


def _named(found: Sequence[Group], codes: type[ServiceKind | RankGroup]) -> list[tuple[str, Group]]:
    known = {one.value: labels.label(one) for one in codes}
    return [(known.get(one.code, gettext("not said")), one) for one in found]


def person(moved: Moved, cases: Mapping[UUID, Any], seats: Mapping[UUID, Seat]) -> dict[str, Any]:
    """Return one application by its reference: the effect on it, and from which place to which."""
    tone, word = _HOW[moved.how]
    return {
        "id": moved.application_id,
        "reference": cases[moved.application_id].reference,
        "country": cases[moved.application_id].country,
        "tag": {"tone": tone, "word": gettext(word)},
        "before": _reference(moved.before, seats),
        "after": _reference(moved.after, seats),
        "why": moved.why,
        "rule": moved.rule,
    }


def _reference(seat_id: UUID | None, seats: Mapping[UUID, Seat]) -> str | None:
    return seats[seat_id].reference if seat_id in seats and seat_id is not None else None


def cohorts(runs: Sequence[RunFinished]) -> dict[str, Any] | None:
    """Return the total of the call's committed cohorts; None before the first."""
    if not runs:
        return None
    shares = [run.of_best_ppm for run in runs if run.of_best_ppm is not None]
    return {
        "number": max(run.cohort for run in runs),
        "matched": sum(run.matched for run in runs),
        "blocking_pairs": sum(run.blocking_pairs for run in runs),
        "of_best": min(shares) / 1_000_000 if shares else None,
    }
