"""Read the options of a cohort: their measures, and who wins and loses beside the present plan."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.facts import views as facts
from services.matching.facts.views import CallSummary, Place
from services.matching.lifecycle.views import pairs_in_words
from services.matching.options import store
from services.matching.options.model import (
    CohortOptionResult,
    GroupRate,
    OptionEffect,
    OptionMove,
    OptionsOutcome,
    OptionsState,
    RefusalTrial,
    size_of,
)
from services.matching.overview.store import board as overview
from services.matching.provisional.snapshot import load_in
from services.matching.words import Tag
from shared.contracts import labels
from shared.contracts.codes import CallState, CohortOption, ServiceKind
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext, number, percent
from shared.identity.scope import Reach
from shared.time import clock
from shared.web.graphics.charts import Chart
from shared.web.graphics.scatter import Axis, Point, scatter
from shared.web.read_models import ReadModel
from shared.web.several import Facts
from shared.web.states import State, Tone

MOST_COMMITTED = 1000
"""So many pairs of an option are committed by a page; a larger one is committed by the API."""
SHOWN = 50
_TABLE: tuple[tuple[str, Tone, str, str], ...] = (
    ("waiting", "office", N_("Waiting"), N_("It starts when the previous one is done.")),
    ("running", "office", N_("In progress"), N_("You can leave this page and come back to it.")),
    ("done", "done", N_("Done"), N_("Nothing changes until you commit an option.")),
    ("failed", "error", N_("Failed"), N_("The options could not be calculated. Calculate them again.")),
    ("cancelled", "ended", N_("Cancelled"), N_("It was stopped before it was complete.")),
)
_STATES: dict[str, State] = {
    code: State("options", code, tone, word, explanation) for code, tone, word, explanation in _TABLE
}
_EFFECTS: dict[OptionEffect, tuple[Tone, str]] = {
    OptionEffect.LOST: ("wait", N_("Loses the place")),
    OptionEffect.WORSE: ("wait", N_("Gets a less wanted place")),
    OptionEffect.GAINED: ("go", N_("Gets a place")),
    OptionEffect.BETTER: ("go", N_("Gets a more wanted place")),
}

VersionsOf = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, str]]]


class CohortOptions(ReadModel):
    """The options of a call's next cohort: the progress (`step` of `steps`), and once it is done the outcome.

    `version` is that of the facts from which they were calculated.
    """

    id: UUID
    call_id: UUID
    state: OptionsState
    step: int
    steps: int
    asked_at: AwareDatetime
    since: Annotated[AwareDatetime, Field(description="When it entered its state.")]
    version: Annotated[int | None, Field(description="Version of the facts that were used.")]
    outcome: OptionsOutcome | None
    problem: Annotated[str | None, Field(description="Why it failed.")]


@dataclass(frozen=True, slots=True)
class OptionsPage:
    """The page of a call's options; `outdated` says that facts have changed since."""

    call: CallSummary
    options: CohortOptions | None
    outdated: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One application that has another place than in the present plan."""

    id: UUID
    reference: str
    country: str
    tag: Tag
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class OptionPage:
    """One option beside the present plan; `pairs` are those to commit, each with the version of the application.

    `seen` are the pairs and figures in words, for the form.
    """

    call: CallSummary | None
    options: CohortOptions
    option: CohortOptionResult
    people: Sequence[Person]
    page: int
    pairs: Sequence[str]
    outdated: bool
    may_commit: bool
    seen: Mapping[UUID, Facts]


def state(code: str) -> State:
    """Return the name of the state of a calculation."""
    return _STATES[code]


async def cohort_options(session: AsyncSession, options_id: UUID) -> CohortOptions:
    """Return calculated options. Raises `Refused` (404) if there are none."""
    row = await store.option_set(session, options_id)
    if row is None:
        raise Refused(gettext("There are no such options."), 404)
    return _options(row)


async def options_page(session: AsyncSession, call_id: UUID) -> OptionsPage:
    """Return the newest options of a call. Raises `Refused` (404) for an unknown call."""
    call, _ = await facts.known_call(session, call_id)
    row = await store.newest(session, call_id)
    return OptionsPage(call, None if row is None else _options(row), await _outdated(session, row))


async def option_page(
    session: AsyncSession,
    within: Reach,
    options_id: UUID,
    option: CohortOption,
    versions_of: VersionsOf,
    *,
    page: int,
) -> OptionPage:
    """Return one option with all who win or lose by it. Raises `Refused` (404) if there is none."""
    row, outcome, found = await _calculated(session, options_id, option)
    call = (await facts.some_calls(session, [row.call_id])).get(row.call_id)
    page = min(page, max(1, -(-len(found.moved) // SHOWN)))
    moved = found.moved[(page - 1) * SHOWN : page * SHOWN]
    cases = await overview.within(session, within, [each.application_id for each in moved])
    places = await facts.places(session, {seat for each in moved for seat in (each.before, each.after) if seat})
    outdated = await _outdated(session, row)
    may_commit = not outdated and call is not None and call.state is not CallState.CLOSED
    may_commit = may_commit and 0 < len(found.pairs) <= MOST_COMMITTED
    versions = await versions_of(found.pairs) if may_commit else {}
    return OptionPage(
        call=call,
        options=_options(row),
        option=found,
        people=[_person(each, cases[each.application_id], places) for each in moved if each.application_id in cases],
        page=page,
        pairs=[
            f"{application}/{seat}/{versions.get(application, '')}" for application, seat in sorted(found.pairs.items())
        ]
        if may_commit
        else [],
        outdated=outdated,
        may_commit=may_commit,
        seen={options_id: figures(found, outcome), **await pairs_in_words(session, found.pairs)} if may_commit else {},
    )


async def _calculated(
    session: AsyncSession, options_id: UUID, option: CohortOption
) -> tuple[store.OptionSet, OptionsOutcome, CohortOptionResult]:
    """Return an option with the calculation that it is part of. Raises `Refused` (404) if there is none."""
    row = await store.option_set(session, options_id)
    outcome = None if row is None else row.outcome
    found = next((each for each in (outcome.options if outcome else ()) if each.option is option), None)
    if row is None or outcome is None or found is None:
        raise Refused(gettext("There is no such option. Calculate the options again."), 404)
    return row, outcome, found


@dataclass(frozen=True, slots=True)
class OptionNow:
    """An option that could not be committed: what is true of its pairs now, and whether its facts have changed.

    So many pairs have `changed`; the first of them are `present` in words. `versions` are the present ones, but for
    those that have changed and are not among these: theirs stay as they were sent. `then` and `now` are its figures and
    the size of the matching in words.
    """

    call_id: UUID
    option: CohortOptionResult
    versions: Mapping[UUID, str]
    changed: int
    present: Mapping[UUID, Facts]
    outdated: bool
    then: Facts
    now: Facts


async def option_now(
    session: AsyncSession,
    reader: str,
    options_id: UUID,
    option: CohortOption,
    sent: Mapping[UUID, str],
    seen: Mapping[UUID, Facts],
    versions_of: VersionsOf,
) -> OptionNow:
    """Return what is true now of an option, with the first of its pairs that have changed.

    `sent` are the versions of the applications as the reader saw them, `seen` what the page showed. Raises `Refused`
    (404) if there is none.
    """
    row, outcome, found = await _calculated(session, options_id, option)
    versions, plain = await versions_of(found.pairs), await pairs_in_words(session, found.pairs)
    changed = [
        id_
        for id_ in found.pairs
        if (id_ in sent and sent[id_] != versions[id_]) or (id_ in seen and list(seen[id_]) != list(plain.get(id_, ())))
    ]
    snapshot = await load_in(session, row.call_id)
    size = (0, 0) if snapshot is None else await asyncio.to_thread(size_of, snapshot.facts)
    return OptionNow(
        row.call_id,
        found,
        {**versions, **{id_: sent[id_] for id_ in changed[SHOWN:] if id_ in sent}},
        len(changed),
        await pairs_in_words(session, {id_: found.pairs[id_] for id_ in changed[:SHOWN]}, reader),
        await _outdated(session, row),
        figures(found, outcome),
        _not_calculated(size),
    )


def figures(option: CohortOptionResult, outcome: OptionsOutcome) -> Facts:
    """Return the figures of an option in words, and the size of the matching for which it was calculated."""
    values = [
        rate(option.matched, outcome.applications),
        number(option.first_wishes),
        number(option.total),
        gap(option),
        number(option.blocking),
        lowest(option),
    ]
    return _with_size(values, (outcome.applications, outcome.places))


def _not_calculated(size: tuple[int, int]) -> Facts:
    return _with_size([gettext("Not calculated yet")] * 6, size)


def _with_size(values: Sequence[str], size: tuple[int, int]) -> Facts:
    names = (
        gettext("Applications with a place"),
        gettext("First choices"),
        gettext("Sum of points"),
        gettext("Proof of the sum"),
        gettext("Blocking pairs"),
        gettext("Lowest match rate"),
        gettext("Applications in the matching"),
        gettext("Places in the matching"),
    )
    return list(zip(names, (*values, *map(number, size)), strict=True))


async def _outdated(session: AsyncSession, row: store.OptionSet | None) -> bool:
    """Return whether facts have changed since options were calculated, or the day."""
    if row is None or row.outcome is None:
        return False
    version, _ = await facts.versions(session, row.call_id)
    return row.version != version or row.outcome.day != clock.today().isoformat()


def _options(row: store.OptionSet) -> CohortOptions:
    return CohortOptions(
        id=row.id,
        call_id=row.call_id,
        state=OptionsState(row.state),
        step=row.step,
        steps=row.steps,
        asked_at=row.asked_at,
        since=row.since,
        version=row.version,
        outcome=row.outcome,
        problem=row.problem,
    )


def name(option: CohortOption) -> str:
    """Return the name of an option."""
    return labels.label(option)


def rate(matched: int, applications: int) -> str:
    """Return a match rate with its base."""
    if not applications:
        return gettext("none")
    return gettext("%(part)s of %(all)s (%(share)s)") % {
        "part": number(matched),
        "all": number(applications),
        "share": percent(matched / applications),
    }


def gap(option: CohortOptionResult) -> str:
    """Return what is proven of the sum of an option."""
    if option.gap_ppm is None:
        return gettext("not proven")
    if not option.gap_ppm:
        return gettext("proven to be the highest")
    return gettext("at most %(share)s below the highest") % {"share": percent(option.gap_ppm / 1_000_000, 2)}


def lowest(option: CohortOptionResult) -> str:
    """Return the country with the lowest match rate, and that rate."""
    least = min(
        (group for group in option.countries if group.applications),
        key=lambda group: (group.matched / group.applications, group.code),
        default=None,
    )
    if least is None:
        return gettext("none")
    return f"{labels.country(least.code)}: {rate(least.matched, least.applications)}"


def rows(outcome: OptionsOutcome) -> list[tuple[CohortOptionResult, list[str]]]:
    """Return each option with the cells of its row after the name."""
    highest = max((option.total for option in outcome.options), default=0)
    return [
        (
            option,
            [
                number(option.total),
                percent(option.total / highest, 1) if highest else gettext("none"),
                rate(option.matched, outcome.applications),
                number(option.first_wishes),
                number(option.blocking),
                lowest(option),
                gap(option),
            ],
        )
        for option in outcome.options
    ]


def finding(outcome: OptionsOutcome) -> str:
    """Return the finding of the options in one sentence."""
    by_kind = {option.option: option for option in outcome.options}
    first, last = by_kind.get(CohortOption.STABLE), by_kind.get(CohortOption.HIGHEST_SUM)
    if first is None or last is None or last.total <= first.total:
        return gettext("The stable plan also has the highest sum of points")
    more = percent((last.total - first.total) / max(1, first.total), 1)
    return ngettext(
        "The highest sum has %(more)s more points than the stable plan, and %(num)d blocking pair",
        "The highest sum has %(more)s more points than the stable plan, and %(num)d blocking pairs",
        last.blocking,
    ) % {"more": more, "num": last.blocking}


def frontier(outcome: OptionsOutcome) -> Chart:
    """Return the options by blocking pairs and points."""
    points = [
        Point(name(option.option), option.blocking, option.total, joined=option.option is not CohortOption.EVEN)
        for option in outcome.options
    ]
    return scatter(
        finding(outcome),
        points,
        Axis(gettext("Blocking pairs"), lambda value: number(round(value))),
        Axis(gettext("Sum of points"), lambda value: number(round(value))),
        label=gettext("Option"),
        definition=gettext(
            "In a blocking pair, an officer and a host would both rather have each other than what they have. The axes "
            "start at the lowest values."
        ),
    )


def rates(outcome: OptionsOutcome) -> list[tuple[str, list[list[str]]]]:
    """Return the match rates of each country and service, a column for each option."""
    services = {code.value: labels.label(code) for code in ServiceKind}
    return [
        (gettext("Country"), _rates([option.countries for option in outcome.options], labels.country)),
        (
            gettext("Service"),
            _rates(
                [option.services for option in outcome.options],
                lambda code: services.get(code, gettext("not stated")),
            ),
        ),
    ]


def _rates(columns: Sequence[Sequence[GroupRate]], named: Callable[[str], str]) -> list[list[str]]:
    codes = sorted({group.code for groups in columns for group in groups})
    found = [{group.code: rate(group.matched, group.applications) for group in groups} for groups in columns]
    return [[named(code), *(column.get(code, "") for column in found)] for code in codes]


def trials(outcome: OptionsOutcome) -> list[list[str]]:
    """Return what is left of each option after refusals."""
    return [_trial(option, trial) for option in outcome.options for trial in option.refusals]


def _trial(option: CohortOptionResult, trial: RefusalTrial) -> list[str]:
    return [
        name(option.option),
        gettext("%(share)s (%(refused)s of %(matched)s)")
        % {
            "share": percent(trial.percent / 100),
            "refused": number(trial.refused),
            "matched": number(option.matched),
        },
        number(trial.mean_left / 10, 1),
        number(trial.worst_left),
        number(trial.mean_called / 10, 1),
        number(trial.most_called),
        number(trial.most_at_a_place),
    ]


def effects(option: CohortOptionResult) -> list[tuple[str, str]]:
    """Return how many win or lose by an option beside the present plan."""
    counts = Counter(each.effect for each in option.moved)
    return [(gettext(word), number(counts[effect])) for effect, (_, word) in _EFFECTS.items()]


def _person(moved: OptionMove, case: overview.CaseReference, places: Mapping[UUID, Place]) -> Person:
    tone, word = _EFFECTS[moved.effect]
    return Person(
        id=moved.application_id,
        reference=case.reference,
        country=case.country,
        tag={"tone": tone, "word": gettext(word)},
        before=_reference(moved.before, places),
        after=_reference(moved.after, places),
    )


def _reference(seat_id: UUID | None, places: Mapping[UUID, Place]) -> str | None:
    return places[seat_id].reference if seat_id is not None and seat_id in places else None
