"""Request, calculate and cancel the options of a cohort: stored jobs, done by one instance; nothing is published."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog

from services.matching.background import jobs, processes
from services.matching.facts.store import facts as facts_store
from services.matching.facts.store import pools
from services.matching.options import store
from services.matching.options.model import STEPS, OptionsState, Progress, compute
from services.matching.options.store import OptionSet
from services.matching.provisional.snapshot import load as load_snapshot
from shared.bus import Bus, Lease, LeaseLost
from shared.bus.db.transient_errors import is_transient
from shared.bus.set_aside import SetAside
from shared.contracts.codes import CallState
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.matching.options.model import ChosenOption, CohortOptionResult, OptionsOutcome, Step
    from services.matching.provisional.snapshot import Snapshot
    from shared.runtime.service import Service
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

WORK = N_("Options of a cohort")
_ACTOR = "system:options"


async def ask(bus: Bus, by: str, call_id: UUID) -> UUID:
    """Request the options of a call's next cohort in the name of `by`; return their id.

    The work begins within a second. A second request while they are calculated, or while the facts
    are the same, gets the options that there are. Raises `Refused`: 404 for an unknown call, 409 for a closed one.
    """
    async with bus.transaction(by) as tx:
        call = (await facts_store.calls(tx.session, [call_id])).get(call_id)
        # The call is held, so that of two who ask at the same time one sees the other's.
        pool = await pools.version(tx.session, call_id, lock=True)
        if call is None or pool is None:
            raise Refused(gettext("This call does not exist."), 404)
        if call.state == CallState.CLOSED:
            sentence = gettext("This call is closed, so nothing more is matched in it.")
            raise Refused(sentence, code=ProblemCode.CALL_CLOSED)
        newest = await store.newest(tx.session, call_id)
        if newest is not None and _counts(newest, pool.input_version):
            return newest.id
        row = OptionSet(
            id=new_id(),
            call_id=call_id,
            asked_by=by,
            asked_at=clock.now(),
            state=OptionsState.WAITING,
            steps=STEPS,
            since=clock.now(),
        )
        await store.write(tx.session, row)
        await tx.changed("board")
    return row.id


def _counts(row: OptionSet, version: int) -> bool:
    """Return whether options are under way, or were calculated today from the present facts."""
    if row.state in {OptionsState.WAITING, OptionsState.RUNNING}:
        return True
    return row.version == version and row.outcome is not None and row.outcome.day == clock.today().isoformat()


async def cancel(bus: Bus, by: str, options_id: UUID) -> None:
    """Cancel a calculation that waits or is under way; the person who has cancelled it may repeat that.

    Raises `Refused`: 404 if there is none, 409 if it is over.
    """
    async with bus.transaction(by) as tx:
        row = await store.option_set(tx.session, options_id, lock=True)
        if row is None:
            raise Refused(gettext("There are no such options."), 404)
        if row.state == OptionsState.CANCELLED and row.cancelled_by == by:
            return
        if row.state not in {OptionsState.WAITING, OptionsState.RUNNING}:
            raise Refused(jobs.over_sentence(row.state, row.since), code=ProblemCode.ALREADY_DONE)
        row.state, row.since, row.cancelled_by = OptionsState.CANCELLED, clock.now(), by
        await tx.changed("board")


async def chosen(bus: Bus, call_id: UUID, option: ChosenOption) -> CohortOptionResult:
    """Return an option of a call that was calculated. Raises `Refused` (404) if there is none."""
    async with bus.read() as session:
        row = await store.option_set(session, option.options_id)
    found = None
    if row is not None and row.call_id == call_id and row.outcome is not None:
        found = next((each for each in row.outcome.options if each.option is option.option), None)
    if found is None:
        raise Refused(gettext("There is no such option. Calculate the options again."), 404)
    return found


async def work_options(service: Service) -> None:
    """Calculate the requested options, one after the other, for ever; a worker of the service."""
    await jobs.repeat_forever(partial(work_once, service.bus, SetAside(service.bus, WORK)))


async def work_once(bus: Bus, aside: SetAside[UUID] | None = None, *, apart: bool = True) -> bool:
    """Calculate the options that no other instance works on, the oldest first; False if there is none.

    `apart` has them calculated in a process of its own, which can be cancelled.
    """
    async with bus.glance() as session:
        ids = await store.open_ones(session)
    return await jobs.work_on(aside or SetAside(bus, WORK), "options", ids, partial(_work, bus, apart=apart))


async def _work(bus: Bus, options_id: UUID, lease: Lease, *, apart: bool) -> None:
    row = await _begun(bus, options_id, lease)
    if row is None:
        return
    try:
        if apart:
            watch = jobs.Watch(bus, lease, partial(_advance, bus, options_id, lease, Progress())).look
            version, outcome = await processes.run_in_process(calculate_stored, bus.settings, row.call_id, watch=watch)
        else:
            version, outcome = await processes.run_in_thread(calculate_stored, bus.settings, row.call_id)
    except processes.Stopped:
        log.info("options were cancelled", options=str(options_id))
    except Exception as wrong:
        if isinstance(wrong, LeaseLost) or is_transient(wrong):
            raise
        log.exception("options could not be calculated", options=str(options_id))
        await _over(bus, options_id, lease, None, problem=str(wrong)[:500])
    else:
        await _over(bus, options_id, lease, outcome, version=version)


def calculate_stored(settings: ServiceSettings, call_id: UUID, step: Step) -> tuple[int, OptionsOutcome]:
    """Read the facts and calculate the options; return the version of the facts too. For a thread or a process.

    It has its own loop and connection. Raises LookupError if the call has no facts.
    """

    async def read() -> Snapshot | None:
        bus = Bus("matching", settings)
        try:
            return await load_snapshot(bus, call_id)
        finally:
            await bus.close()

    snapshot = asyncio.run(read())
    if snapshot is None:
        raise LookupError("The call has no facts yet.")
    return snapshot.version, compute(snapshot.facts, step)


async def _advance(bus: Bus, options_id: UUID, lease: Lease, progress: Progress, step: int) -> bool:
    """Store the progress, which changes every second; return whether to continue. Raises `LeaseLost`."""
    async with bus.transaction(_ACTOR, lease) as tx:
        moved, goes_on = await store.advance(tx.session, options_id, progress.reached(step))
        if moved:
            await tx.changed("board")
    return goes_on


async def _begun(bus: Bus, options_id: UUID, lease: Lease) -> OptionSet | None:
    async with bus.transaction(_ACTOR, lease) as tx:
        row = await store.option_set(tx.session, options_id, lock=True)
        if row is None or row.state not in {OptionsState.WAITING, OptionsState.RUNNING}:
            return None
        row.state, row.step, row.since, row.steps = OptionsState.RUNNING, 0, clock.now(), STEPS
        await tx.changed("board")
    return row


async def _over(
    bus: Bus,
    options_id: UUID,
    lease: Lease,
    outcome: OptionsOutcome | None,
    *,
    problem: str | None = None,
    version: int | None = None,
) -> None:
    async with bus.transaction(_ACTOR, lease) as tx:
        row = await store.option_set(tx.session, options_id, lock=True)
        if row is None or row.state != OptionsState.RUNNING:
            return
        row.state = OptionsState.FAILED if outcome is None else OptionsState.DONE
        row.outcome = outcome
        row.problem, row.version, row.step, row.since = problem, version, row.steps, clock.now()
        await tx.changed("board")
