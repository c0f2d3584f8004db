"""Read what-ifs: the terms that differ, the results of both sides, and who wins and loses."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.cohorts.store import runs as runs_store
from services.matching.facts import views as facts
from services.matching.facts.views import CallSummary, Place
from services.matching.interventions import store
from services.matching.interventions.model import (
    Basis,
    ComparedSide,
    Comparison,
    Effect,
    GroupChange,
    MovedApplication,
    OtherTerms,
    WhatIfState,
    in_full,
)
from services.matching.overview.store import board as overview
from services.matching.words import Tag
from shared.contracts import labels
from shared.contracts.calls import CountryQuota
from shared.contracts.codes import ApplicationKind, CallState, Objective, RankGroup, ServiceKind, TieBreak, Wishes
from shared.contracts.runs import RunFinished
from shared.errors import Refused
from shared.honesty import breaches
from shared.i18n import N_, gettext, ngettext, number, percent
from shared.identity.scope import Reach
from shared.web.graphics.charts import Chart, Pair, pairs
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel
from shared.web.states import State, Tone

_TABLE: tuple[tuple[str, Tone, str, str], ...] = (
    ("waiting", "office", N_("Waiting"), N_("It starts when the previous one is done.")),
    ("running", "office", N_("In progress"), N_("You can leave this page and come back to it.")),
    ("done", "done", N_("Done"), N_("The results are not published, and nobody is notified.")),
    ("failed", "error", N_("Failed"), N_("The what-if could not be completed. Run it again.")),
    ("cancelled", "ended", N_("Cancelled"), N_("It was stopped before it was complete.")),
)
_STATES: dict[str, State] = {
    code: State("what_if", code, tone, word, explanation) for code, tone, word, explanation in _TABLE
}
_STEPS = (
    N_("Reading the facts"),
    N_("Matching under the call's own terms"),
    N_("Finding what those terms cost"),
    N_("Matching under the other terms"),
    N_("Finding what the other terms cost"),
    N_("Comparing the two"),
)
_EFFECTS: dict[Effect, tuple[Tone, str]] = {
    Effect.LOST: ("wait", N_("Loses the place")),
    Effect.WORSE: ("wait", N_("Gets a less wanted place")),
    Effect.GAINED: ("go", N_("Gets a place")),
    Effect.BETTER: ("go", N_("Gets a more wanted place")),
    Effect.OTHER: ("office", N_("Gets a place not allowed now")),
}
_CHOICES = 5
"""So many choices have a bar of their own; the rest has one together."""
SHOWN = 50
"""So many applications stand on a page of a what-if."""


class WhatIfSummary(ReadModel):
    """A what-if without its outcome: its progress (`step` of `steps`) and the terms compared.

    `own` are the terms that the call had in its `revision`, `other` those tried instead; both are complete.
    """

    id: UUID
    call_id: UUID
    basis: Basis
    state: WhatIfState
    step: int
    steps: int
    asked_at: AwareDatetime
    since: Annotated[AwareDatetime, Field(description="When it entered its state.")]
    revision: int
    version: Annotated[int | None, Field(description="Version of the facts that were compared.")]
    own: OtherTerms
    other: OtherTerms
    problem: Annotated[str | None, Field(description="Why it failed.")]


class WhatIf(WhatIfSummary):
    """A what-if with its outcome, once it is done.

    `moved` names applications within the reader's reach; the counts cover all.
    """

    outcome: Comparison | None


@dataclass(frozen=True, slots=True)
class WhatIfLine:
    """A what-if as a line of the list: its call, the terms that differ, and what comes out."""

    what_if: WhatIfSummary
    call: CallSummary | None
    changes: Sequence[tuple[str, str, str]]
    result: str


@dataclass(frozen=True, slots=True)
class SideTable:
    """The results of one kind of application: measure, as it is, what if, difference."""

    kind: ApplicationKind
    rows: Sequence[tuple[str, str, str, str | None]]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Winners and losers by country, service or rank group."""

    title: str
    rows: Sequence[tuple[str, GroupChange]]


@dataclass(frozen=True, slots=True)
class Person:
    """One application for which the terms make a difference, from which place to which, and the first reason."""

    id: UUID
    reference: str
    country: str
    tag: Tag
    before: str | None
    after: str | None
    why: str | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class CommittedCohorts:
    """The total of a call's committed cohorts; `of_best` is the lowest share of the highest sum or its bound."""

    number: int
    matched: int
    blocking_pairs: int
    of_best: float | None


@dataclass(frozen=True, slots=True)
class WhatIfPage:
    """The page of a what-if: one numbered page of the people for whom it makes a difference."""

    what_if: WhatIf
    call: CallSummary | None
    people: Sequence[Person]
    people_in_all: int
    page: int
    cohorts: CommittedCohorts | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """From where a new what-if begins: its call, and the terms and basis that stand in the form."""

    call: CallSummary
    terms: OtherTerms
    basis: Basis


def warnings(terms: OtherTerms) -> list[str]:
    """Return by what an officer could gain by an untrue statement under the terms tried, as sentences."""
    found = breaches(
        terms.objective or Objective.STABLE,
        {weight.criterion: weight.host for weight in terms.weights or ()},
        quotas=any(quota.floor or quota.ceiling is not None for quota in terms.quotas or ()),
        exchanges=terms.ties is TieBreak.EXCHANGES,
    )
    return [breach.warning for breach in found]


def order_notes(own: OtherTerms, other: OtherTerms) -> list[str]:
    """Return what to know about another rule for the order of placements and mentors, as sentences."""
    if own.wishes is None or own.wishes is other.wishes:
        return []
    found = [gettext("The rule for this order can change only before the call opens.")]
    if own.wishes is Wishes.SCORES:
        found.insert(0, gettext("This call asks nobody for an order, so there is none that could count here."))
    return found


def state(code: str) -> State:
    """Return the name of a what-if's state."""
    return _STATES[code]


def step(what_if: WhatIfSummary) -> str:
    """Return in words what is done right now."""
    return gettext(_STEPS[min(what_if.step, len(_STEPS) - 1)])


async def what_if_lines(session: AsyncSession, calls: facts.Calls, call_id: UUID | None) -> list[WhatIfLine]:
    """Return the newest 100 what-ifs of a call, or of all, the newest first."""
    rows = await store.listed(session, call_id)
    return [_line(row, calls) for row in rows]


def _line(row: store.WhatIf, calls: facts.Calls) -> WhatIfLine:
    what_if = _summary(row)
    outcome = row.outcome
    return WhatIfLine(
        what_if=what_if,
        call=calls.get(row.call_id),
        changes=changes(what_if.own, what_if.other),
        result=finding(outcome) if outcome else "",
    )


async def what_ifs_page(session: AsyncSession, call_id: UUID | None, request: PageRequest) -> Page[WhatIfSummary]:
    """Return one page of the what-ifs of a call, or of all, the newest first."""
    rows = await store.listed_from(session, call_id, request)
    return page_of(rows, request, WhatIfSummary, _summary, lambda row: (row.id,))


async def what_if(session: AsyncSession, within: Reach, what_if_id: UUID) -> WhatIf:
    """Return one what-if. Raises `Refused` (404) if there is none."""
    row = await _row(session, what_if_id)
    outcome = row.outcome
    if outcome is not None and not within.everything:
        own = await overview.within(session, within, [moved.application_id for moved in outcome.moved])
        moved = tuple(moved for moved in outcome.moved if moved.application_id in own)
        outcome = outcome.model_copy(update={"moved": moved})
    return WhatIf(**dict(_summary(row)), outcome=outcome)


async def what_if_page(session: AsyncSession, within: Reach, what_if_id: UUID, *, page: int) -> WhatIfPage:
    """Return the page of a what-if. Raises `Refused` (404) if there is none."""
    row = await _row(session, what_if_id)
    outcome = row.outcome
    moved = outcome.moved if outcome else ()
    own = await overview.within(session, within, [each.application_id for each in moved])
    people = [each for each in moved if each.application_id in own]
    page = min(page, max(1, -(-len(people) // SHOWN)))
    page_people = people[(page - 1) * SHOWN : page * SHOWN]
    places = await facts.places(session, {seat for each in page_people for seat in (each.before, each.after) if seat})
    runs = [run.event for run in await runs_store.runs(session, row.call_id)]
    return WhatIfPage(
        what_if=WhatIf(**dict(_summary(row)), outcome=outcome),
        call=(await facts.some_calls(session, [row.call_id])).get(row.call_id),
        people=[_person(each, own[each.application_id], places) for each in page_people],
        people_in_all=len(people),
        page=page,
        cohorts=_cohorts(runs),
    )


async def beginning(session: AsyncSession, call_id: UUID | None, what_if_id: UUID | None) -> Beginning:
    """Return the terms of a call to be changed, or those of an earlier what-if. Raises `Refused` (404)."""
    earlier = await store.what_if(session, what_if_id) if what_if_id else None
    call_id = earlier.call_id if earlier else call_id
    calls = await facts.some_calls(session, [call_id] if call_id else [])
    call, terms = calls.get(call_id), calls.terms(call_id) if call_id else None
    if call is None or terms is None:
        raise Refused(gettext("There is no such call. Go to the board and choose a call."), 404)
    if earlier is not None:
        # A what-if of before there was a choice of the order keeps that of the call.
        return Beginning(call, in_full(earlier.other.applied(terms)), Basis(earlier.basis))
    first = Basis.START if call.state is CallState.CLOSED else Basis.NOW
    return Beginning(call, in_full(terms), first)


async def _row(session: AsyncSession, what_if_id: UUID) -> store.WhatIf:
    row = await store.what_if(session, what_if_id)
    if row is None:
        raise Refused(gettext("There is no such what-if."), 404)
    return row


def _summary(row: store.WhatIf) -> WhatIfSummary:
    return WhatIfSummary(
        id=row.id,
        call_id=row.call_id,
        basis=Basis(row.basis),
        state=WhatIfState(row.state),
        step=row.step,
        steps=row.steps,
        asked_at=row.asked_at,
        since=row.since,
        revision=row.revision,
        version=row.version,
        own=row.own,
        other=row.other,
        problem=row.problem,
    )


def changes(own: OtherTerms, other: OtherTerms) -> list[tuple[str, str, str]]:
    """Return the differences: the name of the term, the call's value, the what-if's value."""
    found = [
        (gettext("Aim"), _text(own.objective), _text(other.objective)),
        (gettext("Order of placements and mentors"), _text(own.wishes), _text(other.wishes)),
        (gettext("Equal points"), _text(own.ties), _text(other.ties)),
        (gettext("Largest share of a placement per country"), _share(own.share_of_offer), _share(other.share_of_offer)),
        (gettext("Shortest visit"), _days(own.minimum_days), _days(other.minimum_days)),
        (gettext("Notice before a visit"), _weeks(own.notice_weeks), _weeks(other.notice_weeks)),
    ]
    weights = {weight.criterion: weight for weight in own.weights or ()}
    for after in other.weights or ():
        before = weights.get(after.criterion)
        for side, name in (
            ("applicant", N_("%(criterion)s, for the officer")),
            ("host", N_("%(criterion)s, for the host")),
        ):
            values = number(getattr(before, side, 0)), number(getattr(after, side))
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
    return [(name, before, after) for name, before, after in found if before != after]


def _text(value: object) -> str:
    """Return the label without its explanation; nothing for a term that an earlier what-if did not store."""
    return "" if value is None else labels.label(value).partition(":")[0]


def _share(value: int | None) -> str:
    return percent((value or 0) / 100)


def _days(value: int | None) -> str:
    return ngettext("%(num)d working day", "%(num)d working days", value or 0) % {"num": value or 0}


def _weeks(value: int | None) -> str:
    return ngettext("%(num)d week", "%(num)d weeks", value or 0) % {"num": value or 0}


def _quota(quota: CountryQuota | None) -> str:
    if quota is None:
        return gettext("none")
    if quota.ceiling is None:
        return gettext("%(floor)d or more") % {"floor": quota.floor}
    return gettext("%(floor)d to %(ceiling)d") % {"floor": quota.floor, "ceiling": quota.ceiling}


def finding(outcome: Comparison) -> str:
    """Return the outcome in a sentence."""
    before, after = (sum(side.matched for side in sides) for sides in (outcome.before, outcome.after))
    people = sum(side.applications for side in outcome.before)
    if not outcome.moved_in_all:
        return gettext("Nothing changes. Officers with a place: %(matched)d of %(people)d.") % {
            "matched": before,
            "people": people,
        }
    return gettext(
        "Officers with a place: %(after)d of %(people)d instead of %(before)d. The place of %(moved)d changes."
    ) % {"after": after, "before": before, "people": people, "moved": outcome.moved_in_all}


def sides(outcome: Comparison) -> list[SideTable]:
    """Return a table for each kind of application: term, the call's own terms, the others, the difference."""
    return [
        SideTable(before.kind, _rows(before, after))
        for before, after in zip(outcome.before, outcome.after, strict=True)
        if before.applications or after.applications
    ]


def _rows(before: ComparedSide, after: ComparedSide) -> list[tuple[str, str, str, str | None]]:
    plain = [
        (gettext("Applications"), before.applications, after.applications),
        (gettext("Places"), before.places, after.places),
        (gettext("Pairs that meet all rules"), before.feasible_pairs, after.feasible_pairs),
        (gettext("Matched"), before.matched, after.matched),
        (gettext("Blocking pairs"), before.blocking_pairs, after.blocking_pairs),
        (gettext("Got first choice"), dict(before.ranks).get(1, 0), dict(after.ranks).get(1, 0)),
    ]
    rows: list[tuple[str, str, str, str | None]] = [
        (name, number(first), number(second), _difference(second - first)) for name, first, second in plain
    ]
    rows.append((gettext("Share of highest sum"), _of_best(before), _of_best(after), None))
    rows.append((gettext("Quotas that cannot be met"), _unmet(before), _unmet(after), None))
    return rows


def _difference(value: int) -> str:
    return "±0" if not value else f"+{number(value)}" if value > 0 else f"−{number(-value)}"  # noqa: RUF001 - a minus


def _of_best(side: ComparedSide) -> str:
    share = percent(side.of_best_ppm / 1_000_000, 2)
    return share if side.proven else gettext("at least %(share)s") % {"share": share}


def _unmet(side: ComparedSide) -> str:
    return ", ".join(f"{labels.country(code)} −{number(count)}" for code, count in side.floors_unmet) or gettext("none")  # noqa: RUF001 - a minus


def ranks(outcome: Comparison) -> list[Chart]:
    """Return which choice the officers obtain on either side, a chart a kind."""
    charts = []
    for before, after in zip(outcome.before, outcome.after, strict=True):
        if not before.matched and not after.matched:
            continue
        earlier, later = dict(before.ranks), dict(after.ranks)
        last = max((*earlier, *later), default=1)
        items = [
            Pair(gettext("Choice %(rank)s") % {"rank": number(rank)}, earlier.get(rank, 0), later.get(rank, 0))
            for rank in range(1, min(last, _CHOICES) + 1)
        ]
        if last > _CHOICES:
            rest = [sum(count for rank, count in side.items() if rank > _CHOICES) for side in (earlier, later)]
            items.append(Pair(gettext("Choice %(rank)s or later") % {"rank": number(_CHOICES + 1)}, *rest))
        unplaced = [side.applications - side.matched for side in (before, after)]
        items.append(Pair(gettext("No place"), *unplaced))
        title = gettext("%(kind)s, officers with their first choice: %(after)d instead of %(before)d") % {
            "kind": labels.label(before.kind),
            "after": later.get(1, 0),
            "before": earlier.get(1, 0),
        }
        charts.append(
            pairs(title, items, label=gettext("Obtained"), names=(gettext("current terms"), gettext("what-if")))
        )
    return charts


def groups(outcome: Comparison) -> list[GroupTable]:
    """Return the three tables of winners and losers."""
    return [
        GroupTable(gettext("By country"), [(labels.country(group.code), group) for group in outcome.countries]),
        GroupTable(gettext("By service"), _named(outcome.services, ServiceKind)),
        GroupTable(gettext("By rank group"), _named(outcome.rank_groups, RankGroup)),
    ]


def _named(found: Sequence[GroupChange], codes: type[ServiceKind | RankGroup]) -> list[tuple[str, GroupChange]]:
    known = {code.value: labels.label(code) for code in codes}
    return [(known.get(group.code, gettext("not stated")), group) for group in found]


def _person(moved: MovedApplication, case: overview.CaseReference, places: Mapping[UUID, Place]) -> Person:
    tone, word = _EFFECTS[moved.how]
    return Person(
        id=moved.application_id,
        reference=case.reference,
        country=case.country,
        tag={"tone": tone, "word": gettext(word)},
        before=_reference(moved.before, places),
        after=_reference(moved.after, places),
        why=moved.why,
        rule=moved.rule,
    )


def _reference(seat_id: UUID | None, places: Mapping[UUID, Place]) -> str | None:
    return places[seat_id].reference if seat_id is not None and seat_id in places else None


def _cohorts(runs: Sequence[RunFinished]) -> CommittedCohorts | None:
    """Return the total of the call's committed cohorts; None before the first."""
    if not runs:
        return None
    shares = [run.of_best_ppm for run in runs if run.of_best_ppm is not None]
    return CommittedCohorts(
        number=max(run.cohort for run in runs),
        matched=sum(run.matched for run in runs),
        blocking_pairs=sum(run.blocking_pairs for run in runs),
        of_best=min(shares) / 1_000_000 if shares else None,
    )
