"""The pages on which the programme coordinator commits a cohort: choose matches, check them, confirm."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import choices as cohort_choices
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.pages.changed import changed_cohort, seen_choices, seen_cohort
from services.matching.cohorts.pages.jobs import state as job_state
from services.matching.cohorts.views import committed, decision
from services.matching.cohorts.views.committed import CohortJob
from services.matching.cohorts.views.decision import CohortChoice, CohortFacts, RowFilter
from services.matching.filters import PageNumber
from services.matching.parameters import BusDep, pairs_of, receipt_effort
from services.matching.words import place_name
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts.codes import Role, ServiceKind
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
from shared.web.lists import Filter, with_country
from shared.web.query import CountryText, IdText, one_of
from shared.web.render import render, see_other
from shared.web.several import about_several, left_by_choice, without_choice
from shared.web.states import State

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


_FILTERS = ("country", "service", "place", "warnings")


@dataclass(frozen=True, slots=True)
class ListedPart:
    """The part of a cohort that an address or a form shows: filters and page."""

    country: CountryText = ""
    service: Annotated[str, one_of(*ServiceKind)] = ""
    place: IdText = ""
    warnings: Annotated[str, one_of("1")] = ""
    page: PageNumber = 1

    @property
    def wanted(self) -> RowFilter:
        """The filters."""
        return RowFilter(self.country, self.service, read_id(self.place), bool(self.warnings))

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are used, as the address names them."""
        return {name: str(value) for name in _FILTERS if (value := getattr(self, name))}

    @property
    def query(self) -> str:
        """The end of an address that shows this part; empty for the whole."""
        named = self.chosen | ({"page": str(self.page)} if self.page > 1 else {})
        return f"?{urlencode(named)}" if named else ""


ListedPartDep = Annotated[ListedPart, Depends()]
_PART = TypeAdapter(ListedPart)


def _sent_part(form: FormData) -> ListedPart:
    """Return the part that a form was sent from: the first page of the whole where it names none."""
    named = {name: form[name] for name in (*_FILTERS, "page") if name in form}
    try:
        return _PART.validate_python(named)
    except ValidationError:
        return ListedPart()


async def read_cohort(request: Request, bus: Bus, principal: Principal, call_id: UUID) -> CohortFacts:
    """Return what the page of a cohort is made of, in one snapshot."""
    async with bus.snapshot() as session:
        return await decision.cohort_facts(session, reach(principal), call_id, partial(_versions, request, session))


@router.get("/cohorts/{call_id}")
async def choose(request: Request, bus: BusDep, principal: Programme, call_id: UUID, part: ListedPartDep) -> Response:
    """List all provisional matches of a call to decide on, each with a checkbox; more than 1,000 in pages."""
    async with bus.snapshot() as session:
        await expect_opened(request, session, cohort_choices.record(call_id))
        read = await decision.cohort_facts(session, reach(principal), call_id, partial(_versions, request, session))
        job = await committed.open_job(session, call_id)
    view = await decision.cohort_choice(read)
    state = job_state(job.state) if job is not None else None
    return _page(request, view, part, job=job, state=state)


def _page(
    request: Request,
    view: CohortChoice,
    part: ListedPart,
    status: int = 200,
    *,
    problem: str | None = None,
    job: CohortJob | None = None,
    state: State | None = None,
    reserves: bool = False,
    ticked: Collection[str] | None = None,
) -> Response:
    listed = view.listed(part.page, part.wanted)
    return render(
        request,
        "cohorts/cohort.html",
        status,
        view=view,
        listed=listed,
        part=part,
        filters=_filters(view, part),
        seen=seen_cohort(view, listed.rows),
        seen_choices=seen_choices(view.call.id, view.choices),
        problem=problem,
        job=job,
        state=state,
        reserves=reserves,
        ticked=ticked,
        opened=opened_versions(request) or [],
    )


def _filters(view: CohortChoice, part: ListedPart) -> list[Filter]:
    """Return the filters of the list, with what its matches have."""
    countries = labels.countries(with_country(sorted({row.country for row in view.rows}), part.country or None))
    found = {row.service for row in view.rows if row.service} | ({ServiceKind(part.service)} if part.service else set())
    services = sorted(((service.value, labels.label(service)) for service in found), key=itemgetter(1))
    seats = {str(row.seat.id): place_name(row.seat) for row in view.rows}
    if part.place:
        seats.setdefault(part.place, gettext("another place"))
    filters = [
        Filter("country", gettext("Country"), part.country, countries),
        Filter("service", gettext("Service"), part.service, services),
        Filter("place", gettext("Place"), part.place, sorted(seats.items(), key=itemgetter(1))),
    ]
    if not view.large or part.warnings:
        warned = [("1", gettext("Only matches with a warning"))]
        filters.append(Filter("warnings", gettext("Warnings"), part.warnings, warned))
    return filters


@router.post("/cohorts/{call_id}")
@about_several
async def confirm(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """List the chosen matches to be checked; nothing is done yet.

    Where pairs or choices have changed since the reader saw them, the page shows both versions first.
    """
    form = await sent_form(request)
    unwanted, reserves = await left_by_choice(request), bool(form.get("reserves"))
    part = _sent_part(form)
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
    again = partial(_page, request, view, part, ticked=ticked.keys(), reserves=reserves)
    if view.impossible:
        return again(409, problem=gettext("Some of your choices are no longer possible. Remove them, then continue."))
    chosen = view.chosen(set(ticked))
    if not ticked and view.rows:
        return again(422, problem=gettext("Select at least one match"))
    if len(chosen) < len(ticked):
        changed_since = gettext("The matching has changed since you opened the page. Review it, then continue.")
        return again(409, problem=changed_since)
    return render(
        request,
        "cohorts/commit.html",
        view=view,
        rows=chosen,
        back_to=f"/matching/cohorts/{call_id}{part.query}",
        reserves=reserves,
        seen=seen_cohort(view, chosen),
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
        return _page(request, view, ListedPart(), 422, problem=problem, ticked=(), reserves=reserves)
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
