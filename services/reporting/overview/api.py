"""Figures for programs: those of a period, one indicator, its events, an application's journey."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel

from services.reporting.approval.actions import periods as actions
from services.reporting.approval.actions import restatements
from services.reporting.facts import store as facts_store
from services.reporting.facts.model.flaws import LEFT_OUT
from services.reporting.facts.pages.quality import quality_report as quality_found
from services.reporting.feeds.formats.table import as_json
from services.reporting.figures.model.restatement import Proposal
from services.reporting.guards import Reader, Steerer, Tracer
from services.reporting.indicators.model.figure import written
from services.reporting.needs import pages as needs_pages
from services.reporting.overview.pages.figures import csv_answer, iati_answer, load
from services.reporting.overview.pages.indicators import figure_of
from services.reporting.periods.model.approval import Approval
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import gettext
from shared.runtime.service import Service, bus_of, service_of

router = APIRouter(prefix="/reporting/api", tags=["figures"])
Store = Annotated[Bus, Depends(bus_of)]


def _period(where: Approval) -> dict[str, Any]:
    return {
        "period": where.period.label,
        "start": where.period.start,
        "end": where.period.end,
        "state": where.state.value,
        "cut_off": where.cut_off,
        "figures_digest": where.figures_digest,
        "frozen_at": where.frozen_at,
        "statement": where.statement,
    }


@router.get("/figures")
async def figures(_: Reader, bus: Store, period: str | None = None) -> dict[str, Any]:
    """All figures of a period (`2026`, `2026-H1`, `2026-Q3` or `programme`; none: this year), behind the gate."""
    where, released = await load(bus, period)
    return {**_period(where), "figures": [as_json(figure) for figure in released]}


@router.get("/needs")
async def needs(_: Reader, bus: Store, period: str | None = None) -> dict[str, Any]:
    """Needs beside what was asked for, matched and completed, and why there was no match: a row a number."""
    where, found, needed = await needs_pages.load(bus, period)
    return {**_period(where), "rows": needs_pages.rows_for_programs(found, needed, where)}


@router.get("/needs.csv")
async def needs_as_csv(_: Reader, bus: Store, period: str | None = None) -> Response:
    """The same as CSV."""
    return await needs_pages.csv_answer(bus, period)


@router.get("/figures.csv")
async def as_csv(_: Reader, bus: Store, period: str | None = None) -> Response:
    """The same as CSV."""
    return await csv_answer(bus, period)


@router.get("/iati.xml")
async def as_iati(
    _: Reader, bus: Store, service: Annotated[Service, Depends(service_of)], period: str | None = None
) -> Response:
    """The same as an IATI 2.03 activity file."""
    return await iati_answer(bus, service, period)


@router.get("/indicators/{indicator}")
async def indicator(_: Reader, bus: Store, indicator: str, period: str | None = None) -> dict[str, Any]:
    """One figure with its definition and breakdowns."""
    where, _figure, released = await figure_of(bus, indicator, period)
    return {**as_json(released), "state": where.state.value}


@router.get("/indicators/{indicator}/events")
async def events(_: Tracer, bus: Store, indicator: str, period: str | None = None) -> dict[str, Any]:
    """The ids of all events that a figure was computed from, and their digest."""
    where, figure, _released = await figure_of(bus, indicator, period)
    async with bus.read() as session:
        ids = await actions.events_of(session, where, figure)
    return {
        "indicator": indicator,
        "period": figure.period.label,
        "events": ids,
        "events_digest": figure.total.digest,
    }


@router.get("/indicators/{indicator}/history")
async def history(_: Reader, bus: Store, indicator: str, period: str) -> dict[str, Any]:
    """Each statement of a figure of a submitted period, the first one first, behind the gate."""
    where, _figure, _released = await figure_of(bus, indicator, period)
    async with bus.read() as session:
        stated = await restatements.history(session, where, indicator) if where.fixed else []
    return {
        **_period(where),
        "statements": [
            {"statement": number, "reason": reason, **as_json(released)} for number, released, reason in stated
        ],
    }


@router.get("/periods/{label}/restatement")
async def restatement(_: Tracer, bus: Store, label: str) -> dict[str, Any]:
    """What a restatement of a frozen period would change now, or what the one that waits for a decision changes."""
    async with bus.read() as session:
        found = await restatements.difference(bus, session, label)
    return {
        **_period(found.where),
        "proposal": _proposal(found.proposal) if found.proposal else None,
        "changes": [
            {
                "indicator": each.indicator,
                "dimension": each.dimension or None,
                "value_of": each.value or None,
                "old": None if each.old.value is None else written(each.old.value),
                "new": None if each.new.value is None else written(each.new.value),
                "added": each.added,
                "removed": each.removed,
            }
            for each in found.changes
        ],
        "earlier": [_proposal(each) for each in found.earlier if each is not found.proposal],
    }


class Proposed(BaseModel):
    """Why the figures have to be stated again."""

    reason: str = ""


@router.post("/periods/{label}/restatement")
async def propose(principal: Steerer, bus: Store, label: str, proposed: Proposed) -> dict[str, Any]:
    """Propose to state a frozen period's figures again; `reason` is late_facts, correction or definition."""
    return _proposal(await restatements.propose(bus, principal, label, proposed.reason))


@router.post("/periods/{label}/restatement/{step}")
async def restatement_step(principal: Steerer, bus: Store, label: str, step: str) -> dict[str, Any]:
    """Decide on a proposal: `approve` or `decline` (another person than the author), or `withdraw` (the author)."""
    steps = {
        "approve": restatements.approve,
        "decline": restatements.decline,
        "withdraw": restatements.withdraw,
    }
    if step not in steps:
        raise Refused(gettext("There is no such step."), 404)
    return _proposal(await steps[step](bus, principal, label))


@router.get("/quality")
async def quality(_: Tracer, bus: Store, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> dict[str, Any]:
    """Events that make no sense, are parked or of a type unknown here, and what becomes of each; fifty flaws a page."""
    found = await quality_found(bus, page)
    return {
        "total": found["total"],
        "flaws": [
            {
                "event": each.id,
                "topic": each.topic,
                "type": each.type,
                "subject": each.subject,
                "day": each.day,
                "flaw": each.flaw.value,
                "left_out": each.flaw in LEFT_OUT,
            }
            for each in (*found["flawed"], *found["elsewhere"])
        ],
        "parked": [
            {"topic": each.topic, "subject": each.subject, "type": each.type, "reason": each.reason}
            for each in found["parked"]
        ],
        "unknown": [{"topic": each.topic, "type": each.type, "count": each.count} for each in found["unknown"]],
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "statement": proposal.statement,
        "reason": proposal.reason.value,
        "state": proposal.state.value,
        "proposed_at": proposal.proposed_at,
        "decided_at": proposal.decided_at,
        "cut_off": proposal.cut_off,
        "figures": proposal.figures,
    }


@router.get("/journey/{application_id}")
async def journey(_: Tracer, bus: Store, application_id: str) -> dict[str, Any]:
    """The events of one application, by its id or reference, oldest first."""
    async with bus.read() as session:
        application = await facts_store.application(session, application_id)
        if application is None:
            raise Refused(gettext("No application with that reference has arrived here."), 404)
        steps = await facts_store.steps(session, story=str(application.id))
    return {
        "application_id": application.id,
        "reference": application.reference,
        "events": [
            {
                "id": step.id,
                "type": step.type,
                "topic": step.topic,
                "service": step.source,
                "subject": step.subject,
                "occurred_at": step.occurred_at,
            }
            for step in steps
        ],
    }


@router.post("/periods/{label}/{step}")
async def period_step(principal: Steerer, bus: Store, label: str, step: str) -> dict[str, Any]:
    """Take a period further: `submit`, `approve` (another person than who submitted) or `publish`."""
    steps = {"submit": actions.submit, "approve": actions.approve, "publish": actions.publish}
    if step not in steps:
        raise Refused(gettext("There is no such step."), 404)
    return _period(await steps[step](bus, principal, label))
