"""API routes for those who decide: queue, endorsement, eligibility, endings and appeals."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.applications.bulk import MOST, bulk_result
from services.applications.guards import Coordinator, Decider
from services.applications.outcomes.actions import line_managers
from services.applications.parameters import Body, BusDep
from services.applications.review.actions import appeal_decisions, bulk, eligibility, endings, endorsement
from services.applications.review.forms.queue import QueueParameters
from services.applications.review.views.appeals import AppealCase, appeal_cases
from services.applications.review.views.case import ReviewCase, review_case
from services.applications.review.views.decisions import DecidedApplication, decided
from services.applications.review.views.eligibility import (
    EligibilityConfirmed,
    ListedJudgement,
    confirmed_model,
    waiting_judgements,
)
from services.applications.review.views.queue import ListedQueuedApplication, QueueFigures, queue_figures, queued
from shared.contracts.codes import AppealOutcome, NotEndorsedReason, Section, StatedReason, VoidReason
from shared.errors import Refused
from shared.i18n import gettext
from shared.web.items import BulkResult, ReadItem, read_items, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1", tags=["decisions"])


class Endorsement(Body):
    """A note for other reviewers."""

    note: str = ""


class Return(Body):
    """The remarks with which an application is returned, by section."""

    remarks: dict[Section, str]


class Refusal(Body):
    """A refusal to endorse an officer, with its reason; the text is for the officer to read."""

    reason: NotEndorsedReason
    text: str = ""


class ConfirmedManager(Body):
    """The line manager's address as the coordinator read it."""

    email: Annotated[str, Field(min_length=1, max_length=254, examples=["head@police.example"])]


class Decided(Body):
    """A decision on several applications, as they were read; fields of other decisions are left out."""

    applications: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=MOST)]
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


class Cancelling(Body):
    """A cancellation by the programme, with its reason; the text is for the officer to read."""

    reason: StatedReason
    text: Annotated[str, Field(max_length=1000)] = ""


class Voiding(Body):
    """An application's removal from the counts, with its reason."""

    reason: VoidReason


class Confirmation(Body):
    """The applications whose eligibility is confirmed, as they were read."""

    applications: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=500)]


@router.get("/queue", operation_id="list_queued_applications")
async def read_queue(
    request: Request, filters: Annotated[QueueParameters, Query()], principal: Decider, bus: BusDep, page: PageDep
) -> Page[ListedQueuedApplication]:
    """Return submitted applications of the reader's own country or EU agency; all, for the programme coordinator."""
    async with bus.snapshot() as session:
        found = await queued(session, principal, filters.filters, page)
        return await with_versions(request, session, "application_id", found, ListedQueuedApplication)


@router.get("/queue/figures", operation_id="get_queue_figures")
async def read_queue_figures(
    filters: Annotated[QueueParameters, Query()], principal: Decider, bus: BusDep
) -> QueueFigures:
    """Return how many applications of the queue are in each state, and how many are urgent."""
    async with bus.read() as session:
        return await queue_figures(session, principal, filters.filters)


@router.get("/cases/{application_id}")
async def read_case(application_id: UUID, principal: Decider, bus: BusDep) -> ReviewCase:
    """Return one submitted application, as its coordinator sees it: state, answers, and who decides."""
    async with bus.read() as session:
        return await review_case(session, principal, application_id)


@router.post("/applications/{application_id}/endorse")
async def endorse(
    application_id: UUID, principal: Decider, bus: BusDep, body: Endorsement | None = None
) -> DecidedApplication:
    """Endorse an application of the reader's own country."""
    decision = endorsement.Endorse("" if body is None else body.note)
    return decided(await endorsement.decide(bus, principal, application_id, decision))


@router.post("/applications/{application_id}/return")
async def send_back(application_id: UUID, body: Return, principal: Decider, bus: BusDep) -> DecidedApplication:
    """Ask for information on some sections."""
    return decided(await endorsement.decide(bus, principal, application_id, endorsement.Return(body.remarks)))


@router.post("/applications/{application_id}/not-endorse")
async def not_endorse(application_id: UUID, body: Refusal, principal: Decider, bus: BusDep) -> DecidedApplication:
    """Do not endorse, with a reason."""
    decision = endorsement.NotEndorse(body.reason, body.text)
    return decided(await endorsement.decide(bus, principal, application_id, decision))


@router.post("/applications/{application_id}/line-manager/confirm", operation_id="confirm_line_manager")
async def confirm_line_manager(
    application_id: UUID, body: ConfirmedManager, principal: Decider, bus: BusDep
) -> DecidedApplication:
    """Confirm the address of an officer's line manager that is in no email domain of the agency."""
    return decided(await line_managers.confirm_line_manager(bus, principal, application_id, body.email))


@router.post("/decisions", operation_id="decide_applications")
async def decide(request: Request, body: Decided, principal: Decider, bus: BusDep) -> BulkResult:
    """Decide the same on several applications; `left` says of which it was not possible, and why.

    `decision` is `endorse` (with `note`), `return` (with `remarks`) or `not_endorse` (with `reason` and `text`).
    """
    ids = [each.id for each in body.applications]
    read = read_items(request, "application_id", "applications", body.applications)
    return bulk_result(await bulk.decide_all(bus, principal, ids, body.decision_made, read))


@router.post("/applications/{application_id}/cancel")
async def cancel(application_id: UUID, body: Cancelling, principal: Coordinator, bus: BusDep) -> DecidedApplication:
    """Cancel an open application, with a reason; its match ends, and the officer may appeal."""
    return decided(await endings.cancel(bus, principal.subject, application_id, body.reason, body.text))


@router.post("/applications/{application_id}/void")
async def void(application_id: UUID, body: Voiding, principal: Coordinator, bus: BusDep) -> DecidedApplication:
    """Mark an application as entered in error: it leaves the counts, and its match ends."""
    return decided(await endings.void(bus, principal.subject, application_id, body.reason))


@router.get("/eligibility", operation_id="list_eligibility_judgements")
async def read_eligibility(
    request: Request, _: Coordinator, bus: BusDep, page: PageDep, call_id: UUID | None = None
) -> Page[ListedJudgement]:
    """Return endorsed applications (of one call) with what the rules of their call say, to be confirmed."""
    async with bus.snapshot() as session:
        found = await waiting_judgements(session, page, call_id)
        return await with_versions(request, session, "application_id", found, ListedJudgement)


@router.post("/eligibility/confirm")
async def confirm(request: Request, body: Confirmation, principal: Coordinator, bus: BusDep) -> EligibilityConfirmed:
    """Confirm what the rules say about these applications; `left` says of which it was not possible, and why."""
    ids = [each.id for each in body.applications]
    read = read_items(request, "application_id", "applications", body.applications)
    return confirmed_model(await eligibility.confirm(bus, principal.subject, ids, read))


class AppealDecision(Body):
    """The decision on an appeal; the answer is for the officer to read."""

    outcome: AppealOutcome
    answer: Annotated[str, Field(min_length=1, max_length=appeal_decisions.MOST)]


@router.get("/appeals")
async def read_appeals(
    principal: Decider,
    bus: BusDep,
    page: PageDep,
    state: Annotated[
        Literal["waits", "open", "upheld", "dismissed"] | None,
        Query(description="`waits`: open, and yours to decide."),
    ] = None,
) -> Page[AppealCase]:
    """Return appeals of the reader's country or EU agency (all, for the programme), the oldest first."""
    async with bus.read() as session:
        return await appeal_cases(session, principal, state, page)


@router.post("/applications/{application_id}/appeal/decide")
async def decide_appeal(
    application_id: UUID, body: AppealDecision, principal: Decider, bus: BusDep
) -> DecidedApplication:
    """Decide on an appeal: another coordinator than the one who made the decision that is appealed against."""
    return decided(await appeal_decisions.decide(bus, principal, application_id, body.outcome, body.answer))
