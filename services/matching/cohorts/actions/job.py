"""Commit a large cohort as a stored job, computed in a process of its own; a small one is committed at once.

The job is done by one instance at a time, under a lease; if that instance is lost, another starts the job again. Cohort
and job are written in one transaction, so a cohort is committed once, and a cancel before that transaction leaves
nothing committed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import structlog

from services.matching.background import jobs, processes
from services.matching.cohorts.actions.commit import TRIES, Committed, commit_cohort, write
from services.matching.cohorts.actions.plan import WRITING, CohortPlan, work_out
from services.matching.cohorts.actions.repeats import committed_before
from services.matching.cohorts.model import NO_CHOICES, OPEN, JobState, NotFit, Why, refused
from services.matching.cohorts.store import jobs as cohorts_jobs
from services.matching.cohorts.store.jobs import CohortJob
from services.matching.facts.store import facts as facts_store
from services.matching.facts.store import pools as store
from services.matching.options import actions as options
from services.matching.provisional.snapshot import load as load_snapshot
from services.matching.settings import Settings
from shared.bus import Bus, Lease, LeaseLost
from shared.bus.db.outdated import Outdated
from shared.bus.db.transient_errors import is_transient
from shared.bus.set_aside import SetAside
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.matching.cohorts.actions.plan import Step
    from services.matching.cohorts.model import Choices
    from services.matching.options.model import ChosenOption, CohortOptionResult
    from services.matching.provisional.snapshot import Snapshot
    from shared.bus.db.records import ReadVersions
    from shared.runtime.service import Service
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

WORK = N_("Cohorts")


async def commit_or_ask(
    bus: Bus,
    settings: ServiceSettings,
    by: str,
    call_id: UUID,
    chosen: Mapping[UUID, UUID],
    read: ReadVersions,
    *,
    reserves: bool = False,
    option: ChosenOption | None = None,
    choices: Choices = NO_CHOICES,
) -> Committed | UUID:
    """Commit a cohort at once, or return the id of its job if it is large.

    `reserves`, `option` and `choices` are as in a commit.

    The applications must be as the coordinator `read` them. Somebody who asks again for what they have committed, or
    what is under way, is answered as the first time. Raises `Outdated` (412, 428), and `Refused` as `commit_cohort`
    does for a small one; for a large one 404 for an unknown call and 409 while another cohort of the call is being
    computed: the job reports all other problems.
    """
    effort, above = (settings.receipt_effort, settings.cohort_apart_above) if isinstance(settings, Settings) else (0, 0)
    async with bus.read() as session:
        size = await facts_store.pair_count(session, call_id)
    try:
        if size <= above:
            return await commit_cohort(
                bus, by, call_id, chosen, read, effort=effort, reserves=reserves, option=option, choices=choices
            )
        return await ask(
            bus, by, call_id, chosen, read, effort=effort, reserves=reserves, option=option, choices=choices
        )
    except (Refused, Outdated) as refusal:
        async with bus.read() as session:
            job_id = await cohorts_jobs.same(session, by, call_id, chosen, choices, reserves=reserves)
        if job_id is not None:
            return job_id
        return Committed.of(await committed_before(bus, by, call_id, chosen, refusal, reserves=reserves))


async def ask(
    bus: Bus,
    by: str,
    call_id: UUID,
    chosen: Mapping[UUID, UUID] | None = None,
    read: ReadVersions | None = None,
    *,
    effort: int = 24,
    reserves: bool = False,
    option: ChosenOption | None = None,
    choices: Choices = NO_CHOICES,
) -> UUID:
    """Request a cohort in the name of `by`; return the id of its job, which begins within a second.

    Raises `Refused`.
    """
    async with bus.transaction(by) as tx:
        # The call is held, so that of two who ask at the same time one sees the other's job.
        if await store.version(tx.session, call_id, lock=True) is None:
            raise refused(NotFit(Why.UNKNOWN))
        if (under_way := await cohorts_jobs.open_of(tx.session, call_id)) is not None:
            raise Refused(_other_under_way(under_way, by), code=ProblemCode.IN_PROGRESS)
        if read is not None:
            await read.check(tx.session)
        row = CohortJob(
            id=new_id(),
            call_id=call_id,
            asked_by=by,
            asked_at=clock.now(),
            chosen=None if chosen is None else dict(chosen),
            effort=effort,
            reserves=reserves,
            option=option,
            choices=dict(choices) or None,
            state=JobState.WAITING,
            steps=WRITING,
            since=clock.now(),
        )
        await cohorts_jobs.write(tx.session, row)
        await tx.changed("board")
    return row.id


def _other_under_way(row: CohortJob, by: str) -> str:
    moment = {"moment": dates.moment(row.asked_at)}
    if row.asked_by == by:
        sentence = gettext("You started another cohort for this call on %(moment)s. It is still in progress.")
    else:
        sentence = gettext("Another coordinator started a cohort for this call on %(moment)s. It is still in progress.")
    return f"{sentence % moment} {gettext('Wait until it is done, or cancel it.')}"


async def cancel(bus: Bus, by: str, job_id: UUID) -> None:
    """Cancel a job before it is written; the person who has cancelled it may repeat that.

    Raises `Refused`: 404 if there is none, 409 if it is too late or somebody else has cancelled it.
    """
    async with bus.transaction(by) as tx:
        row = await cohorts_jobs.job(tx.session, job_id, lock=True)
        if row is None:
            raise Refused(gettext("There is no such cohort in progress."), 404)
        if row.state == JobState.CANCELLED and row.cancelled_by == by:
            return
        if row.state not in {JobState.WAITING, JobState.RUNNING}:
            raise Refused(_too_late(row))
        row.state, row.since, row.cancelled_by = JobState.CANCELLED, clock.now(), by
        await tx.changed("board")


def _too_late(row: CohortJob) -> str:
    """Return in words why a job cannot be cancelled."""
    values = {"moment": dates.moment(row.since), "number": row.cohort}
    match row.state:
        case JobState.WRITING:
            return gettext("It is too late to cancel. Saving of the cohort began on %(moment)s.") % values
        case JobState.DONE:
            return gettext("It is too late to cancel. Cohort %(number)d was committed on %(moment)s.") % values
        case JobState.CANCELLED:
            return gettext("Another coordinator cancelled this cohort on %(moment)s.") % values
    return gettext("Nothing was committed. This run stopped by itself on %(moment)s.") % values


async def work_cohorts(service: Service) -> None:
    """Compute the requested large cohorts, one after the other, for ever; a worker of the service."""
    await jobs.repeat_forever(partial(work_once, service.bus, SetAside(service.bus, WORK)))


async def work_once(bus: Bus, aside: SetAside[UUID] | None = None) -> bool:
    """Do the jobs that no other instance works on, the oldest first; False if there is none."""
    async with bus.glance() as session:
        ids = await cohorts_jobs.open_ones(session)
    return await jobs.work_on(aside or SetAside(bus, WORK), "cohort", ids, partial(_work, bus))


async def _work(bus: Bus, job_id: UUID, lease: Lease) -> None:
    """Do a job, again and again while facts arrive meanwhile. Raises `LeaseLost`."""
    unfit = NotFit(Why.BUSY)
    try:
        for _ in range(TRIES):
            row = await _moved_on(bus, job_id, lease, JobState.RUNNING, 0)
            if row is None:
                return
            request = CohortRequest(row.call_id, row.chosen, row.effort, row.reserves, row.option, row.choices or {})
            watch = jobs.Watch(bus, lease, partial(_advance, bus, job_id, lease)).look
            ended = await processes.run_in_process(do_stored, bus.settings, request, job_id, lease, watch=watch)
            if isinstance(ended, NotFit):
                unfit = ended
                break
            if ended is not Ended.LATE:
                return  # over; or else it is still open, and is begun again
    except processes.Stopped:
        log.info("a cohort was cancelled", job=str(job_id))
    except Exception as wrong:
        if isinstance(wrong, LeaseLost) or is_transient(wrong):
            raise
        log.exception("a cohort failed", job=str(job_id))
        await _over(bus, job_id, lease, JobState.FAILED, problem=str(wrong)[:500])
    else:
        await _over(bus, job_id, lease, JobState.REFUSED, unfit=unfit)


class Ended(Enum):
    """The end of a process: written or cancelled; facts have arrived; lease or store were lost."""

    OVER = "over"
    LATE = "late"
    DISTURBED = "disturbed"


@dataclass(frozen=True, slots=True)
class CohortRequest:
    """A request to compute a cohort of a call, with the chosen pairs (None: all), reserves, an option or choices."""

    call_id: UUID
    chosen: Mapping[UUID, UUID] | None
    effort: int
    reserves: bool = False
    option: ChosenOption | None = None
    choices: Choices = field(default_factory=dict)


def do_stored(
    settings: ServiceSettings, request: CohortRequest, job_id: UUID, lease: Lease, step: Step
) -> Ended | NotFit:
    """Compute a cohort and write it, in a process of its own so that thousands of matches delay nothing else.

    Nothing large is passed between processes: the child writes what it has computed, under the lease that its parent
    keeps.
    """
    plan = work_out_stored(settings, request, step)
    if isinstance(plan, NotFit):
        return plan
    try:
        return asyncio.run(_stored(settings, job_id, lease, plan))
    except LeaseLost:
        return Ended.DISTURBED
    except Exception as wrong:
        if is_transient(wrong):
            return Ended.DISTURBED
        raise


async def _stored(settings: ServiceSettings, job_id: UUID, lease: Lease, plan: CohortPlan) -> Ended | NotFit:
    bus = Bus("matching", settings)
    try:
        # In a transaction of its own: from now on a cancel is refused, and need not wait for all to be written.
        if await _moved_on(bus, job_id, lease, JobState.WRITING, WRITING) is None:
            return Ended.OVER
        return Ended.OVER if await _written(bus, job_id, lease, plan) else Ended.LATE
    except NotFit as unfit:
        return unfit
    finally:
        await bus.close()


def work_out_stored(settings: ServiceSettings, request: CohortRequest, step: Step) -> CohortPlan | NotFit:
    """Read the facts and compute the cohort, or return why not; runs a loop of its own.

    The reason is returned, not raised, because it is shown in the language of the reader, not of this process.
    """

    async def read() -> tuple[Snapshot | None, CohortOptionResult | None]:
        bus = Bus("matching", settings)
        try:
            option = request.option
            found = None if option is None else await options.chosen(bus, request.call_id, option)
            return await load_snapshot(bus, request.call_id), found
        finally:
            await bus.close()

    snapshot, option = asyncio.run(read())
    if snapshot is None:
        return NotFit(Why.UNKNOWN)
    try:
        return work_out(
            snapshot,
            request.chosen,
            request.effort,
            step,
            reserves=request.reserves,
            option=option,
            choices=request.choices,
        )
    except NotFit as unfit:
        return unfit


async def _advance(bus: Bus, job_id: UUID, lease: Lease, step: int) -> bool:
    """Store the progress of a job; return whether to continue. Raises `LeaseLost`."""
    async with bus.transaction("system:cohort", lease) as tx:
        row = await cohorts_jobs.job(tx.session, job_id, lock=True)
        if row is None or row.state == JobState.CANCELLED:
            return False
        # What its process is writing, or has just written, is let end.
        if row.state == JobState.RUNNING and row.step != step:
            row.step = step
            await tx.changed("board")
    return True


async def _moved_on(bus: Bus, job_id: UUID, lease: Lease, state: JobState, step: int) -> CohortJob | None:
    """Store the new state of a job; None if it is over, as after a cancel. Raises `LeaseLost`."""
    async with bus.transaction("system:cohort", lease) as tx:
        row = await cohorts_jobs.job(tx.session, job_id, lock=True)
        if row is None or row.state not in OPEN:
            return None
        row.state, row.step, row.since = state, step, clock.now()
        await tx.changed("board")
    return row


async def _written(bus: Bus, job_id: UUID, lease: Lease, plan: CohortPlan) -> bool:
    """Write cohort and job in one transaction, in the name of the person who asked.

    False if facts have arrived meanwhile.
    """
    async with bus.read() as session:
        request = await cohorts_jobs.job(session, job_id)
    assert request is not None
    async with bus.transaction(request.asked_by, lease) as tx:
        committed = await write(tx, plan)
        if committed is None:
            return False
        row = await cohorts_jobs.job(tx.session, job_id, lock=True)
        if row is None or row.state != JobState.WRITING:
            raise LeaseLost(lease.name)
        row.state, row.since, row.cohort = JobState.DONE, clock.now(), committed.cohort
        row.runs = dict(committed.runs)
        row.proposed, row.unmatched = len(committed.matches), committed.unmatched
        await tx.changed("board")
    return True


async def _over(
    bus: Bus,
    job_id: UUID,
    lease: Lease,
    state: JobState,
    *,
    unfit: NotFit | None = None,
    problem: str | None = None,
) -> None:
    """Store that nothing was committed, and why."""
    async with bus.transaction("system:cohort", lease) as tx:
        row = await cohorts_jobs.job(tx.session, job_id, lock=True)
        if row is None or row.state not in OPEN:
            return
        row.state, row.since, row.problem = state, clock.now(), problem
        if unfit is not None:
            row.refusal, row.moved = unfit.why.value, unfit.count
        await tx.changed("board")
