"""Choose for a cohort who is held back, and who has which place by hand, and what that costs before it is committed.

Choices stand in a draft of the call that all programme coordinators share. They decide nothing until the cohort is
committed, which carries them out and removes them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.cohorts.model import NO_CHOICES, ChoiceKind, NotFit, Why, is_large, price_of, refused, rerun
from services.matching.cohorts.store import drafts
from services.matching.cohorts.store.drafts import CohortDraft
from services.matching.engine.interventions.manual import possible_seats
from services.matching.facts.store import pools
from services.matching.provisional.model.problem import companions
from services.matching.provisional.snapshot import load as load_snapshot
from shared.bus.db.records import named, version_of
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.cohorts.model import Choice, Choices, CohortPrice
    from services.matching.provisional.model.problem import Facts
    from services.matching.provisional.snapshot import Snapshot
    from shared.bus import Bus
    from shared.bus.db.records import Named

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Possible:
    """The choices that an application has beside the choices made before.

    `seat_id` is its place now, `seats` are the other places that it could have, with its group of `group`.
    """

    seat_id: UUID | None
    seats: Sequence[UUID]
    group: int


async def possible(bus: Bus, call_id: UUID, application_id: UUID) -> Possible:
    """Return what can be chosen for an application. Raises `Refused`: 404, or 409 if it is not looking for a place."""
    snapshot, choices = await _read(bus, call_id)
    return await asyncio.to_thread(_possible, snapshot.facts, choices, application_id)


def _possible(facts: Facts, choices: Choices, application_id: UUID) -> Possible:
    found = rerun(facts, _for_others(facts, choices, application_id))
    result = next((each for each in found.results.values() if str(application_id) in each.candidate_ids), None)
    if result is None:
        raise Refused(gettext("This application is not looking for a place."))
    now = result.matching.get(str(application_id))
    seats = possible_seats(result.problem, str(application_id), found.pins(result))
    return Possible(
        None if now is None else UUID(now),
        [UUID(seat) for seat in seats if seat != now],
        len(companions(facts, application_id)),
    )


def _for_others(facts: Facts, choices: Choices, application_id: UUID) -> Choices:
    """Return the choices without those for an application and its group, of which one choice is for all."""
    members = companions(facts, application_id) | {application_id}
    return {id_: choice for id_, choice in choices.items() if id_ not in members}


async def price(bus: Bus, call_id: UUID, application_id: UUID, choice: Choice) -> CohortPrice:
    """Return what a choice changes for others, beside the choices made before. Raises `Refused` as `choose`."""
    return (await _priced(bus, call_id, application_id, choice))[0]


async def _priced(bus: Bus, call_id: UUID, application_id: UUID, choice: Choice) -> tuple[CohortPrice, Snapshot]:
    """Return what a choice changes for others, and the facts from which that follows."""
    snapshot, choices = await _read(bus, call_id)
    found = await asyncio.to_thread(_price, snapshot.facts, choices, application_id, choice)
    return found, snapshot


def _price(facts: Facts, choices: Choices, application_id: UUID, choice: Choice) -> CohortPrice:
    others = _for_others(facts, choices, application_id)
    before, after = rerun(facts, others), rerun(facts, {**others, application_id: choice})
    if after.impossible - before.impossible:
        # It, or one that was made before and has no room beside it.
        raise Refused(_impossible(choice), 422)
    return price_of(before.results, after.results)


async def choose(bus: Bus, by: str, call_id: UUID, application_id: UUID, choice: Choice) -> None:
    """Note a choice for the next cohort of a call, in the name of `by`; it replaces one for it or its group.

    Raises `Refused`: 404 for an unknown call, 409 if the call is closed or facts keep arriving, 422 if the choice
    cannot be carried out.
    """
    for _ in range(_TRIES):
        _, snapshot = await _priced(bus, call_id, application_id, choice)
        async with bus.transaction(by) as tx:
            pool = await pools.version(tx.session, call_id, lock=True)
            if pool is None or pool.input_version != snapshot.version:
                continue  # A cohort may have been committed meanwhile: the choice may not be possible any more.
            row = await drafts.draft(tx.session, call_id)
            choices = {} if row is None else row.choices
            if choices.get(application_id) == choice:
                return
            row = row or CohortDraft(call_id=call_id, choices={}, changed_by=by, changed_at=clock.now())
            others = _for_others(snapshot.facts, choices, application_id)
            row.choices, row.changed_by, row.changed_at = {**others, application_id: choice}, by, clock.now()
            await drafts.write(tx.session, row)
        return
    raise refused(NotFit(Why.BUSY))


async def undo(bus: Bus, by: str, call_id: UUID, application_id: UUID) -> None:
    """Remove the choice for an application from the next cohort of a call."""
    async with bus.transaction(by) as tx:
        await pools.version(tx.session, call_id, lock=True)
        row = await drafts.draft(tx.session, call_id)
        if row is None or application_id not in row.choices:
            return
        left = {id_: choice for id_, choice in row.choices.items() if id_ != application_id}
        row.choices, row.changed_by, row.changed_at = left, by, clock.now()
        await drafts.write(tx.session, row)


def record(call_id: UUID) -> Named:
    """Return the choices for the next cohort of a call as a record, for their version."""
    return named(drafts.DRAFT, "draft", call_id)


async def version(session: AsyncSession, call_id: UUID) -> str:
    """Return the present version of the choices for the next cohort of a call."""
    return await version_of(session, record(call_id))


async def choices_of(bus: Bus, call_id: UUID) -> Choices:
    """Return the choices for the next cohort of a call."""
    async with bus.read() as session:
        row = await drafts.draft(session, call_id)
    return NO_CHOICES if row is None else row.choices


async def _read(bus: Bus, call_id: UUID) -> tuple[Snapshot, Choices]:
    snapshot = await load_snapshot(bus, call_id)
    if snapshot is None:
        raise Refused(gettext("This call does not exist."), 404)
    if not snapshot.open:
        raise Refused(gettext("This call is closed, so nothing more is matched in it."), code=ProblemCode.CALL_CLOSED)
    if is_large(snapshot.facts):
        raise Refused(
            gettext("This call is too large to change single matches here. Assign places manually instead."),
            code=ProblemCode.LIMIT_REACHED,
        )
    return snapshot, await choices_of(bus, call_id)


def _impossible(choice: Choice) -> str:
    if choice.kind is ChoiceKind.HOLD_BACK:
        return gettext("This application is not looking for a place.")
    return gettext("This application cannot have this place. A rule forbids it, or no place is free there.")
