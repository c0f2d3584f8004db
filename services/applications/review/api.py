"""API routes for those who decide: queue, endorsement, eligibility, endings and appeals."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.applications.access.store import deciders_on as held_on
from services.applications.application.store import applications as store
from services.applications.bulk import MOST
from services.applications.guards import Coordinator, Decider
from services.applications.overview.store import queue
from services.applications.parameters import BusDep
from services.applications.review import store as review_store
from services.applications.review.actions import appeal_decisions, bulk, eligibility, endings, endorsement
from services.applications.review.forms.queue import QueueQuery
from services.applications.review.views.case import ReviewCase, review_case
from shared.contracts.codes import (
    AppealOutcome,
    NotEndorsedReason,
    Section,
    StatedReason,
    VoidReason,
)
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1", tags=["decisions"])


class Endorsement(BaseModel):
    """A note for other reviewers."""

    model_config = ConfigDict(extra="forbid")

    note: str = ""


class Return(BaseModel):
    """What is asked for, by section."""

    model_config = ConfigDict(extra="forbid")

    remarks: dict[Section, str]


class Refusal(BaseModel):
    """Why an officer is not endorsed; the text is for the officer to read."""

    model_config = ConfigDict(extra="forbid")

    reason: NotEndorsedReason
    text: str = ""


class Decided(BaseModel):
    """A decision on several applications; fields of other decisions are left out."""

    model_config = ConfigDict(extra="forbid")

    application_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST)]
    decision: Literal["endorse", "return", "not_endorse"]
    note: str = ""
    remarks: dict[Section, str] = Field(default_factory=dict)
    reason: NotEndorsedReason | None = None
    text: str = ""

    @property
    def decision_made(self) -> endorsement.Decision:
        """The decision. Raises `Refused` (422) where its reason is missing."""
        if self.decision == "endorse":
            return endorsement.Endorse(self.note)
        if self.decision == "return":
            return endorsement.Return(self.remarks)
        if self.reason is None:
            sentence = gettext("Choose a reason")
            raise Refused(sentence, 422, {"reason": sentence})
        return endorsement.NotEndorse(self.reason, self.text)


class Cancelling(BaseModel):
    """Why the programme cancels an application; the text is for the officer to read."""

    model_config = ConfigDict(extra="forbid")

    reason: StatedReason
    text: Annotated[str, Field(max_length=1000)] = ""


class Voiding(BaseModel):
    """Why an application leaves the counts."""

    model_config = ConfigDict(extra="forbid")

    reason: VoidReason


class Confirmation(BaseModel):
    """The applications whose eligibility is confirmed."""

    model_config = ConfigDict(extra="forbid")

    application_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]


def _state_resource(application: store.Application) -> dict[str, Any]:
    return {
        "id": application.id,
        "reference": application.reference,
        "state": application.state,
        "due": application.due,
    }


@router.get("/queue")
async def read_queue(
    request: Request, principal: Decider, bus: BusDep, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> dict[str, Any]:
    """Submitted applications of the reader's own country or EU agency (all, for the programme coordinator), 50 a page.

    What waits for the reader comes first. The address takes the filters of the queue's page: `state`, `needs` (`me`,
    `silence`), `due` (`overdue`, `week`, `later`), `age` (`week`, `month`, `older`), `country`, `call`, `kind`, `mode`,
    `rank_group`, `service`, `organisation`, `first_time` (`yes`, `no`), `q` (a part of the reference) and `sort`.
    """
    query = QueueQuery.model_validate(dict(request.query_params))
    async with bus.read() as session:
        reader = queue.Reader(principal, clock.now(), await held_on(session, clock.today()))
        lines, total = await queue.lines(session, reader, query.filters, page)
        figures = await queue.figures(session, reader, query.filters)
    rows = [
        {
            "id": line.id,
            "reference": line.reference,
            "kind": line.kind,
            "country": line.country,
            "organisation_id": line.organisation_id,
            "call_id": line.call_id,
            "state": line.state,
            "since": line.since,
            "due": line.due,
            "submitted_at": line.submitted_at,
            "waits_for_you": line.needs,
        }
        for line in lines
    ]
    return {
        "applications": rows,
        "total": total,
        "counts": figures.states,
        "waits_for_you": figures.needs,
        "by_silence": figures.silence,
        "overdue": figures.overdue,
        "within_a_week": figures.week,
    }


@router.get("/cases/{application_id}")
async def read_case(application_id: UUID, principal: Decider, bus: BusDep) -> ReviewCase:
    """Return one submitted application, as its coordinator sees it: state, answers, and who decides."""
    async with bus.read() as session:
        return await review_case(session, principal, application_id)


@router.post("/applications/{application_id}/endorse")
async def endorse(
    application_id: UUID, principal: Decider, bus: BusDep, body: Endorsement | None = None
) -> dict[str, Any]:
    """Endorse an application of the reader's own country."""
    decision = endorsement.Endorse("" if body is None else body.note)
    return _state_resource(await endorsement.decide(bus, principal, application_id, decision))


@router.post("/applications/{application_id}/return")
async def send_back(application_id: UUID, body: Return, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Ask for information on some sections."""
    return _state_resource(await endorsement.decide(bus, principal, application_id, endorsement.Return(body.remarks)))


@router.post("/applications/{application_id}/not-endorse")
async def not_endorse(application_id: UUID, body: Refusal, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Do not endorse, with a reason."""
    decision = endorsement.NotEndorse(body.reason, body.text)
    return _state_resource(await endorsement.decide(bus, principal, application_id, decision))


@router.post("/decisions")
async def decide(body: Decided, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Decide the same on several applications; `left` says of which it was not possible, and why.

    `decision` is `endorse` (with `note`), `return` (with `remarks`) or `not_endorse` (with `reason` and `text`).
    """
    outcome = await bulk.decide_all(bus, principal, body.application_ids, body.decision_made)
    return {
        "done": [_state_resource(one) for one in outcome.done],
        "left": [_state_resource(one) | {"detail": why} for one, why in outcome.left],
    }


@router.post("/applications/{application_id}/cancel")
async def cancel(application_id: UUID, body: Cancelling, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Cancel an open application, with a reason; its match ends, and the officer may appeal."""
    return _state_resource(await endings.cancel(bus, principal.subject, application_id, body.reason, body.text))


@router.post("/applications/{application_id}/void")
async def void(application_id: UUID, body: Voiding, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Mark an application as entered in error: it leaves the counts, and its match ends."""
    return _state_resource(await endings.void(bus, principal.subject, application_id, body.reason))


@router.get("/eligibility")
async def read_eligibility(_: Coordinator, bus: BusDep, call_id: UUID | None = None) -> dict[str, Any]:
    """Endorsed applications with what the rules of their call say, to be confirmed."""
    async with bus.read() as session:
        judged = await eligibility.judge_applications(session, await store.ready_for_eligibility(session, call_id))
    return {"applications": [_judgement_resource(judgement) for judgement in judged]}


@router.post("/eligibility/confirm")
async def confirm(body: Confirmation, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Confirm what the rules say about these applications; `left` says of which it was not possible, and why."""
    outcome = await eligibility.confirm(bus, principal.subject, body.application_ids)
    return {
        "applications": [_judgement_resource(one) for one in outcome.done],
        "left": [_state_resource(one.application) | {"detail": why} for one, why in outcome.left],
    }


def _judgement_resource(judgement: eligibility.Judgement) -> dict[str, Any]:
    return _state_resource(judgement.application) | {
        "eligible": judgement.eligible,
        "checks": [check.model_dump(mode="json") for check in judgement.checks],
    }


class AppealDecision(BaseModel):
    """The decision on an appeal; the answer is for the officer to read."""

    model_config = ConfigDict(extra="forbid")

    outcome: AppealOutcome
    answer: Annotated[str, Field(min_length=1, max_length=appeal_decisions.MOST)]


@router.get("/appeals")
async def read_appeals(
    principal: Decider,
    bus: BusDep,
    state: Literal["waits", "open", "upheld", "dismissed"] | None = None,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> dict[str, Any]:
    """Return appeals of the reader's country or EU agency (all, for the programme), the reader's own tasks first."""
    async with bus.read() as session:
        found, total = await review_store.within(session, principal, state, page)
    return {
        "appeals": [_appeal_resource(principal, appeal, application) for appeal, application in found],
        "total": total,
    }


def _appeal_resource(
    principal: Principal, appeal: review_store.Appeal, application: store.Application
) -> dict[str, Any]:
    return {
        "application_id": application.id,
        "reference": application.reference,
        "country": application.country,
        "against": appeal.against,
        "filed_at": appeal.filed_at,
        "due": appeal.due,
        "text": appeal.text,
        "outcome": appeal.outcome,
        "answer": appeal.answer,
        "you_decide": appeal.outcome is None
        and appeal_decisions.appeal_capacity(principal, application, appeal).acting_as is not None,
    }


@router.post("/applications/{application_id}/appeal/decide")
async def decide_appeal(application_id: UUID, body: AppealDecision, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Decide on an appeal: another coordinator than the one who made the decision that is appealed against."""
    return _state_resource(await appeal_decisions.decide(bus, principal, application_id, body.outcome, body.answer))
