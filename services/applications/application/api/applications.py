"""API routes by which a program acts for an officer: begin, save, submit, withdraw and read applications."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from services.applications.application.actions import answers as answer_actions
from services.applications.application.actions import applications as actions
from services.applications.application.actions import changes as application_changes
from services.applications.application.actions import reuse
from services.applications.application.model.answers import Answers
from services.applications.application.views.application import (
    ApplicationDetail,
    ApplicationSummary,
    own_summaries,
    readable_detail,
    summary_after,
)
from services.applications.application.views.standing import own_case_in
from services.applications.guards import Officer
from services.applications.outcomes.actions import line_managers, tickets
from services.applications.outcomes.views import Ticket
from services.applications.parameters import Body, BusDep, Portal
from services.applications.places.views import FittingPlace, fitting_places
from services.applications.review.actions import appeals
from shared import privacy_notice
from shared.bus import Bus
from shared.contracts.codes import ApplicationKind, Role, StatedReason
from shared.identity import Principal, allow
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1", tags=["applications"])

Reader = Annotated[Principal, Depends(allow(Role.OFFICER, Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))]


class Begin(Body):
    """A new application: its call and kind, with answers as far as there are any; `submit` submits it at once.

    `privacy`: the officer has read the present privacy notice.
    """

    call_id: UUID
    kind: ApplicationKind
    answers: Answers = Answers()
    privacy: bool = False
    submit: bool = False


class Submission(Body):
    """The officer's answer to the coordinator's question, where the application was returned with one."""

    text: Annotated[str, Field(max_length=actions.MOST_REPLY)] = ""


class Withdrawal(Body):
    """A withdrawal by the officer, with its reason."""

    reason: StatedReason
    text: str = ""


class Change(Body):
    """A change after submission: the answers that differ, and the reason; the text stays in the portal."""

    answers: Answers
    reason: StatedReason
    text: Annotated[str, Field(max_length=1000)] = ""


class LineManager(Body):
    """Another line manager."""

    name: Annotated[str, Field(max_length=200)]
    email: Annotated[str, Field(max_length=254)]


class Earlier(Body):
    """The officer's own earlier application whose answers a draft begins with."""

    earlier_id: UUID


class Appeal(Body):
    """An appeal: the officer's reasons against a decision; the text stays in the portal."""

    text: str


class TicketWanted(Body):
    """A ticket into a form or receipt of another service."""

    purpose: str
    application_id: UUID
    subject: UUID | None = None


def _sent_answers(answers: Answers) -> dict[str, Any]:
    """Return the answers that were sent, as JSON."""
    return answers.model_dump(mode="json", exclude_unset=True)


async def _detail(bus: Bus, principal: Principal, application_id: UUID) -> ApplicationDetail:
    async with bus.read() as session:
        return await readable_detail(session, principal, application_id)


@router.post("/applications", status_code=201)
async def begin(body: Begin, principal: Officer, bus: BusDep, settings: Portal) -> ApplicationDetail:
    """Begin an application, or return the existing draft; with `submit` submit it at once."""
    application = await actions.begin(bus, principal, body.call_id, body.kind)
    changes = _sent_answers(body.answers)
    if body.privacy:
        changes |= {"privacy_version": privacy_notice.VERSION}
    if changes:
        await answer_actions.save(bus, principal, application.id, changes)
    if body.submit:
        await actions.submit(bus, principal, application.id, settings)
    return await _detail(bus, principal, application.id)


@router.get("/applications")
async def read_own(principal: Officer, bus: BusDep, page: PageDep) -> Page[ApplicationSummary]:
    """Return the officer's own applications, the newest first."""
    async with bus.read() as session:
        return await own_summaries(session, principal, page)


@router.get("/applications/{application_id}")
async def read_one(application_id: UUID, principal: Reader, bus: BusDep) -> ApplicationDetail:
    """Return an application with its answers, for the officer and for those who decide on it."""
    return await _detail(bus, principal, application_id)


@router.get("/applications/{application_id}/suitable-places", operation_id="suitable_places")
async def suitable(application_id: UUID, principal: Officer, bus: BusDep) -> Page[FittingPlace]:
    """Return the published placements or mentors that suit an own application, the best first, as its page lists them.

    Their ids can be put in order in `wishes` of its answers, if the call counts an order. There are at most 500.
    """
    async with bus.read() as session:
        case = await own_case_in(session, principal, application_id)
        return await fitting_places(session, case.application, case.terms)


@router.put("/applications/{application_id}/answers")
async def save(application_id: UUID, body: Answers, principal: Officer, bus: BusDep) -> ApplicationDetail:
    """Save answers: the fields that are sent replace the present ones."""
    await answer_actions.save(bus, principal, application_id, _sent_answers(body))
    return await _detail(bus, principal, application_id)


@router.post("/applications/{application_id}/again", operation_id="reuse_application")
async def take_over(application_id: UUID, body: Earlier, principal: Officer, bus: BusDep) -> ApplicationDetail:
    """Fill an untouched draft with the answers of an own earlier application, as far as they still apply."""
    await reuse.take_over(bus, principal, application_id, body.earlier_id)
    return await _detail(bus, principal, application_id)


@router.post("/applications/{application_id}/submit")
async def submit(
    application_id: UUID, principal: Officer, bus: BusDep, settings: Portal, body: Submission | None = None
) -> ApplicationSummary:
    """Submit a draft, or resubmit a returned application, with an answer to the coordinator's question."""
    text = body.text if body else ""
    return await summary_after(bus, await actions.submit(bus, principal, application_id, settings, text))


@router.post("/applications/{application_id}/withdraw")
async def withdraw(application_id: UUID, body: Withdrawal, principal: Officer, bus: BusDep) -> ApplicationSummary:
    """Withdraw an open application."""
    return await summary_after(bus, await actions.withdraw(bus, principal, application_id, body.reason, body.text))


@router.post("/applications/{application_id}/change")
async def change(application_id: UUID, body: Change, principal: Officer, bus: BusDep) -> ApplicationDetail:
    """Change a submitted application before a place is offered, with a reason."""
    await application_changes.change(
        bus, principal, application_id, _sent_answers(body.answers), body.reason, body.text
    )
    return await _detail(bus, principal, application_id)


@router.put("/applications/{application_id}/line-manager")
async def name_line_manager(
    application_id: UUID, body: LineManager, principal: Officer, bus: BusDep
) -> ApplicationDetail:
    """Name another line manager of a submitted application, at any time before the follow-up."""
    await line_managers.name_line_manager(bus, principal, application_id, body.name, body.email)
    return await _detail(bus, principal, application_id)


@router.post("/applications/{application_id}/appeal")
async def appeal(application_id: UUID, body: Appeal, principal: Officer, bus: BusDep) -> ApplicationSummary:
    """Appeal against the decision not to endorse, not eligible, or cancelled, within the call's time for it."""
    return await summary_after(bus, await appeals.file(bus, principal, application_id, body.text))


@router.post("/tickets", status_code=201)
async def ticket(body: TicketWanted, principal: Officer, bus: BusDep, settings: Portal) -> Ticket:
    """Return a ticket into a form or receipt in another service; good for two minutes, sent in the header X-Ticket."""
    return await tickets.for_application(bus, settings, principal, body.purpose, body.application_id, body.subject)
