"""Read the jobs of large cohorts, and the committed runs."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.cohorts.model import JobState, NotFit, Why, refused
from services.matching.cohorts.store import jobs, runs
from services.matching.facts import views as facts
from services.matching.facts.views import Applicant, CallSummary, Place
from services.matching.lifecycle.store import matches
from shared.bus import Bus
from shared.contracts.codes import ApplicationKind, MatchState
from shared.contracts.runs import RunFinished
from shared.errors import Refused
from shared.i18n import gettext
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

MOST_MATCHES = 500
"""That the page of a run lists."""


class CommittedCohort(ReadModel):
    """A committed cohort: runs by kind, the match of each application, and the number of reserves proposed."""

    cohort: int
    runs: dict[ApplicationKind, UUID]
    matches: dict[UUID, UUID]
    unmatched: int
    reserves: int


class CohortJob(ReadModel):
    """A large cohort: its state and progress (`step` of `steps`).

    When done, it has cohort and runs by kind, with the numbers of matches and of applications without a place; the
    matches are at `matches?call_id=`. If refused or failed, `problem` says why nothing was committed.
    """

    id: UUID
    call_id: UUID
    state: JobState
    step: int
    steps: int
    asked_at: AwareDatetime
    cohort: int | None
    runs: dict[ApplicationKind, UUID]
    proposed: int
    unmatched: int
    problem: str | None


class Run(ReadModel):
    """A committed run: when it was committed, and what it published."""

    id: UUID
    call_id: UUID
    finished_at: AwareDatetime
    result: RunFinished


class RunInputs(ReadModel):
    """All inputs of a run and every pair it found, so that it can be repeated (`tandem rerun`)."""

    run_id: UUID
    engine: Annotated[str, Field(description="Version of the engine.")]
    digest: Annotated[str, Field(description="Digest of the inputs, as published.")]
    problem: Annotated[dict[str, JsonValue], Field(description="The problem of the engine.")]
    pairs: Annotated[list[tuple[str, str]], Field(description="Application, and offer or mentor, of each pair.")]
    overrides: Annotated[dict[str, str], Field(description="Pairs that a coordinator made: an exchange ring.")]


@dataclass(frozen=True, slots=True)
class JobPage:
    """The page of a large cohort."""

    job: CohortJob
    call: CallSummary | None


@dataclass(frozen=True, slots=True)
class ProposedMatch:
    """A match that a run proposed: who, where, with how many points, and its present state."""

    applicant: Applicant
    place: Place
    score: int
    state: MatchState
    reserve: bool


@dataclass(frozen=True, slots=True)
class RunPage:
    """The page of a run, with its matches as they are now: at most `MOST_MATCHES`, those with the most points first."""

    run: Run
    call: CallSummary | None
    matches: Sequence[ProposedMatch]


async def open_job(session: AsyncSession, call_id: UUID) -> CohortJob | None:
    """Return the newest job of a call, unless it is done."""
    row = await jobs.newest(session, call_id)
    return None if row is None or row.state == JobState.DONE else _job(row)


async def cohort_job(session: AsyncSession, job_id: UUID) -> CohortJob:
    """Return a job. Raises `Refused` (404)."""
    row = await jobs.job(session, job_id)
    if row is None:
        raise Refused(gettext("There is no such cohort in progress."), 404)
    return _job(row)


async def job_page(session: AsyncSession, job_id: UUID) -> JobPage:
    """Return the page of a job. Raises `Refused` (404)."""
    job = await cohort_job(session, job_id)
    return JobPage(job, (await facts.some_calls(session, [job.call_id])).get(job.call_id))


def _job(row: jobs.CohortJob) -> CohortJob:
    return CohortJob(
        id=row.id,
        call_id=row.call_id,
        state=JobState(row.state),
        step=row.step,
        steps=row.steps,
        asked_at=row.asked_at,
        cohort=row.cohort,
        runs=dict(sorted((row.runs or {}).items())),
        proposed=row.proposed,
        unmatched=row.unmatched,
        problem=refused(NotFit(Why(row.refusal), row.moved)).detail if row.refusal else row.problem,
    )


async def newest_runs(session: AsyncSession, call_id: UUID | None) -> list[Run]:
    """Return the newest 200 runs of a call, or of all calls, the newest first."""
    return [_run(row) for row in await runs.runs(session, call_id)]


async def runs_page(session: AsyncSession, call_id: UUID | None, request: PageRequest) -> Page[Run]:
    """Return one page of the committed runs, the newest first."""
    rows = await runs.runs_from(session, call_id, request)
    return page_of(rows, request, Run, _run, lambda row: (row.finished_at, row.id))


async def run_page(session: AsyncSession, run_id: UUID) -> RunPage:
    """Return the page of a run. Raises `Refused` (404)."""
    row = await runs.run(session, run_id)
    if row is None:
        raise Refused(gettext("There is no such run."), 404)
    found = await matches.of_run(session, row.call_id, run_id, MOST_MATCHES)
    applicants = await facts.applicants(session, {match.pairing.application_id for match in found})
    places = await facts.places(session, {match.seat_id for match in found})
    proposed = [
        ProposedMatch(
            applicants[match.pairing.application_id], places[match.seat_id], match.score, match.state, match.reserve
        )
        for match in found
        if match.pairing.application_id in applicants and match.seat_id in places
    ]
    return RunPage(_run(row), (await facts.some_calls(session, [row.call_id])).get(row.call_id), proposed)


def _run(row: runs.Run) -> Run:
    result = row.event
    return Run(id=row.id, call_id=row.call_id, finished_at=row.finished_at, result=result)


async def run_inputs(bus: Bus, run_id: UUID) -> RunInputs:
    """Return all inputs of a run. Raises `Refused` (404) if there is none, or if its inputs were not kept."""
    async with bus.read() as session:
        inputs = await runs.inputs(session, run_id)
    if inputs is None:
        raise Refused(gettext("There is no such run, or it was committed before inputs were kept."), 404)
    # A large problem takes long to read.
    return await asyncio.to_thread(lambda: RunInputs(run_id=run_id, **inputs.opened()))
