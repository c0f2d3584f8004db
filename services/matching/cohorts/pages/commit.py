"""The pages on which the programme coordinator commits a cohort: choose matches, check them, confirm."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Collection
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import choices as cohort_choices
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.pages.changed import changed_cohort, seen_choices, seen_cohort
from services.matching.cohorts.pages.jobs import state as job_state
from services.matching.cohorts.views import committed, decision
from services.matching.cohorts.views.decision import CohortChoice, CohortFacts
from services.matching.filters import PageNumber
from services.matching.parameters import BusDep, pairs_of, receipt_effort
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.csrf import sent_form
from shared.identity.scope import reach
from shared.identity.versions import (
    FIELD,
    expect_opened,
    item_versions,
    opened_versions,
    show_versions,
    versions_in_body,
)
from shared.ids import read_id
from shared.runtime.service import service_of
from shared.web.render import render, see_other
from shared.web.several import about_several, left_by_choice, without_choice

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


async def read_cohort(request: Request, bus: Bus, principal: Principal, call_id: UUID) -> CohortFacts:
    """Return what the page of a cohort is made of, in one snapshot."""
    async with bus.snapshot() as session:
        return await decision.cohort_facts(session, reach(principal), call_id, partial(_versions, request, session))


@router.get("/cohorts/{call_id}")
async def choose(request: Request, bus: BusDep, principal: Programme, call_id: UUID, page: PageNumber = 1) -> Response:
    """List all provisional matches of a call to decide on, each with a checkbox; those of a large call in pages."""
    async with bus.snapshot() as session:
        await expect_opened(request, session, cohort_choices.record(call_id))
        read = await decision.cohort_facts(session, reach(principal), call_id, partial(_versions, request, session))
        job = await committed.open_job(session, call_id)
    view = await decision.cohort_choice(read)
    return render(
        request,
        "cohorts/cohort.html",
        view=view,
        page=page,
        seen=seen_cohort(view, view.listed(page)),
        seen_choices=seen_choices(call_id, view.choices),
        problem=None,
        job=job,
        state=job_state(job.state) if job is not None else None,
        reserves=False,
        ticked=None,
        opened=opened_versions(request) or [],
    )


@router.post("/cohorts/{call_id}")
@about_several
async def confirm(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """List the chosen matches to be checked; nothing is done yet.

    Where pairs or choices have changed since the reader saw them, the page shows both versions first.
    """
    form = await sent_form(request)
    unwanted, reserves = await left_by_choice(request), bool(form.get("reserves"))
    page = _sent_page(form)
    sent = {str(value): read_id(str(value).partition("/")[0]) for value in form.getlist("pair")}
    ticked = {pair: id_ for pair, id_ in sent.items() if id_ not in unwanted}
    async with bus.snapshot() as session:
        read = await decision.cohort_facts(session, reach(principal), call_id, partial(_versions, request, session))
        present = await cohort_choices.version(session, call_id)
    view = await decision.cohort_choice(read)
    pairs = {id_: pair for pair, id_ in ticked.items() if id_ is not None}
    changed = await changed_cohort(request, view, pairs, present, reserves=reserves, commits=False)
    if changed is not None:
        return changed
    show_versions(request, Outdated(present))
    again = partial(_choose_again, request, view, ticked=ticked.keys(), reserves=reserves, page=page)
    if view.impossible:
        return again(gettext("Some of your choices are no longer possible. Remove them, then continue."), 409)
    chosen = view.chosen(set(ticked))
    if not ticked and view.rows:
        return again(gettext("Select at least one match"), 422)
    if len(chosen) < len(ticked):
        return again(gettext("The matching has changed since you opened the page. Review it, then continue."), 409)
    return render(
        request,
        "cohorts/commit.html",
        view=view,
        rows=chosen,
        page=page,
        reserves=reserves,
        seen=seen_cohort(view, chosen),
        opened=opened_versions(request) or [],
    )


def _sent_page(form: FormData) -> int:
    """Return the page that a form was sent from: the first where it names none."""
    sent = str(form.get("page", ""))
    return max(1, int(sent)) if sent.isdecimal() and len(sent) < 6 else 1


def _choose_again(
    request: Request,
    view: CohortChoice,
    problem: str,
    status: int,
    *,
    ticked: Collection[str],
    reserves: bool,
    page: int = 1,
) -> Response:
    return render(
        request,
        "cohorts/cohort.html",
        status,
        view=view,
        page=page,
        seen=seen_cohort(view, view.listed(page)),
        seen_choices=seen_choices(view.call.id, view.choices),
        problem=problem,
        job=None,
        state=None,
        reserves=reserves,
        ticked=ticked,
        opened=opened_versions(request) or [],
    )


async def _view(request: Request, bus: Bus, principal: Principal, call_id: UUID) -> tuple[CohortChoice, str]:
    """Return the matches to choose from, and the version of the choices for them."""
    async with bus.snapshot() as session:
        read = await decision.cohort_facts(session, reach(principal), call_id, partial(_versions, request, session))
        version = await cohort_choices.version(session, call_id)
    return await decision.cohort_choice(read), version


async def _versions(request: Request, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    return await item_versions(request, session, "application_id", ids)


@router.get("/cohorts/{call_id}/receipts/{application_id}")
async def receipt(request: Request, bus: BusDep, principal: Programme, call_id: UUID, application_id: UUID) -> Response:
    """Show why an application has its place, as the cohort would publish it now."""
    read = await read_cohort(request, bus, principal, call_id)
    reference, found = await decision.cohort_receipt(read, application_id, effort=receipt_effort(request))
    return render(
        request, "cohorts/receipt.html", call=read.call, reference=reference, receipt=found, id=application_id
    )


@router.post("/cohorts/{call_id}/commit")
@about_several
async def commit(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Commit the confirmed pairs: at once, or by a job with its own page if there are many.

    A cohort is one matching, so nothing is committed where a pair or the choices have changed: the page shows both
    versions.
    """
    form = await sent_form(request)
    unwanted = await left_by_choice(request)
    chosen, seen = pairs_of(form, unwanted)
    sent = {id_: f"{id_}/{seat}/{seen[id_]}" for id_, seat in chosen.items()}
    read = versions_in_body(request, "application_id", seen, {})
    settings, reserves = service_of(request).settings, bool(form.get("reserves"))
    choices = await cohort_choices.choices_of(bus, call_id)
    if choices or FIELD in form:
        async with bus.read() as session:
            await expect_opened(request, session, cohort_choices.record(call_id))
    if unwanted and not chosen:
        view, version = await _view(request, bus, principal, call_id)
        show_versions(request, Outdated(version))
        problem = gettext("Select at least one match")
        return _choose_again(request, view, problem, 422, ticked=(), reserves=reserves)
    if not (await without_choice(request)).keys().isdisjoint(chosen):
        view, version = await _view(request, bus, principal, call_id)
        changed = await changed_cohort(request, view, sent, version, reserves=reserves, commits=True)
        assert changed is not None
        return changed
    by = principal.subject
    try:
        done = await cohorts_job.commit_or_ask(
            bus, settings, by, call_id, chosen, read, reserves=reserves, choices=choices
        )
    except (Refused, Outdated) as refused:
        if refused.code not in {ProblemCode.EDIT_CONFLICT, ProblemCode.OUTDATED}:
            raise
        view, version = await _view(request, bus, principal, call_id)
        changed = await changed_cohort(
            request, view, sent, version, why=refused.detail, reserves=reserves, commits=True
        )
        if changed is None:
            raise
        return changed
    if isinstance(done, UUID):
        return see_other(f"/matching/cohorts/jobs/{done}")
    run = next(iter(done.runs.values()))
    return see_other(f"/matching/runs/{run}?done={len(done.matches)}&done_reserves={done.reserves}")
