"""API routes by which a program acts for an officer: begin, save, submit, withdraw and read applications."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.applications.application.actions import applications as actions
from services.applications.application.actions import changes as application_changes
from services.applications.application.actions import reuse
from services.applications.application.model.answers import PRIVACY_VERSION
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.application.views.resource import application_resource, standing_resource
from services.applications.application.views.standing import case_of, standing_of
from services.applications.guards import Officer
from services.applications.outcomes.actions import line_managers, tickets
from services.applications.parameters import BusDep, Portal
from services.applications.refusals import not_found
from services.applications.review.actions import appeals
from shared.bus import Bus
from shared.contracts.codes import ApplicationKind, Role, StatedReason
from shared.identity import Principal, allow
from shared.identity.scope import is_self, may_see_case
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1", tags=["applications"])

Reader = Annotated[Principal, Depends(allow(Role.OFFICER, Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))]


class Begin(BaseModel):
    """A new application: its call and kind, with answers as far as there are any; `submit` submits it at once.

    `privacy`: the officer has read the present privacy notice.
    """

    model_config = ConfigDict(extra="forbid")

    call_id: UUID
    kind: ApplicationKind
    answers: dict[str, Any] = {}
    privacy: bool = False
    submit: bool = False


class Submission(BaseModel):
    """The officer's answer to the coordinator's question, where the application was returned with one."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=actions.MOST_REPLY)] = ""


class Withdrawal(BaseModel):
    """Why the officer withdraws."""

    model_config = ConfigDict(extra="forbid")

    reason: StatedReason
    text: str = ""


class Change(BaseModel):
    """What is changed after submission, and why; `answers` are the fields that differ, the text stays in the portal."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[str, Any]
    reason: StatedReason
    text: Annotated[str, Field(max_length=1000)] = ""


class LineManager(BaseModel):
    """Another line manager."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200)]
    email: Annotated[str, Field(max_length=254)]


class Earlier(BaseModel):
    """The officer's own earlier application whose answers a draft begins with."""

    model_config = ConfigDict(extra="forbid")

    earlier_id: UUID


class Appeal(BaseModel):
    """Why the officer thinks that the decision is wrong; the text stays in the portal."""

    model_config = ConfigDict(extra="forbid")

    text: str


class TicketWanted(BaseModel):
    """A ticket into a form or receipt of another service."""

    model_config = ConfigDict(extra="forbid")

    purpose: str
    application_id: UUID
    subject: UUID | None = None


async def _resource_of(bus: Bus, application_id: UUID) -> dict[str, Any]:
    async with bus.read() as session:
        case = await case_of(session, application_id)
    if case is None:
        raise not_found()
    return application_resource(case, answers=True)


async def _standing_after(bus: Bus, application: store.Application) -> dict[str, Any]:
    """Return the state of a submitted application after an action: as it was written, so that little is read again."""
    async with bus.glance() as session:
        projected = await standings.standing_of(session, application.id)
    return standing_resource(application, standing_of(application, projected), projected)


@router.post("/applications", status_code=201)
async def begin(body: Begin, principal: Officer, bus: BusDep, settings: Portal) -> dict[str, Any]:
    """Begin an application, or return the existing draft; with `submit` submit it at once."""
    application = await actions.begin(bus, principal, body.call_id, body.kind)
    changes = dict(body.answers)
    if body.privacy:
        changes |= {"privacy_version": PRIVACY_VERSION, "privacy_at": clock.now()}
    if changes:
        await actions.save(bus, principal, application.id, changes)
    if body.submit:
        await actions.submit(bus, principal, application.id, settings)
    return await _resource_of(bus, application.id)


@router.get("/applications")
async def read_own(principal: Officer, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return the officer's own applications, the newest first."""
    async with bus.read() as session:
        mine = await store.of_officer(session, principal.subject)
        cases = [await case_of(session, application.id) for application in mine]
    return {"applications": [application_resource(case, answers=False) for case in cases if case is not None]}


@router.get("/applications/{application_id}")
async def read_one(application_id: UUID, principal: Reader, bus: BusDep) -> dict[str, Any]:
    """Return the state of an application; its answers for the officer and for those who decide on it."""
    async with bus.read() as session:
        case = await case_of(session, application_id)
    if case is None or not _may_read(principal, case.application):
        raise not_found()
    return application_resource(case, answers=True)


def _may_read(principal: Principal, application: store.Application) -> bool:
    if application.submitted_at is None:
        return is_self(principal, application.subject)
    return may_see_case(principal, country=application.country, subject=application.subject)


@router.put("/applications/{application_id}/answers")
async def save(application_id: UUID, body: dict[str, Any], principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Save answers: the fields that are sent replace the present ones."""
    await actions.save(bus, principal, application_id, body)
    return await _resource_of(bus, application_id)


@router.post("/applications/{application_id}/again")
async def take_over(application_id: UUID, body: Earlier, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Fill an untouched draft with the answers of an own earlier application, as far as they still apply."""
    await reuse.take_over(bus, principal, application_id, body.earlier_id)
    return await _resource_of(bus, application_id)


@router.post("/applications/{application_id}/submit")
async def submit(
    application_id: UUID, principal: Officer, bus: BusDep, settings: Portal, body: Submission | None = None
) -> dict[str, Any]:
    """Submit a draft, or resubmit a returned application, with an answer to the coordinator's question."""
    return await _standing_after(
        bus, await actions.submit(bus, principal, application_id, settings, body.text if body else "")
    )


@router.post("/applications/{application_id}/withdraw")
async def withdraw(application_id: UUID, body: Withdrawal, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Withdraw an open application."""
    return await _standing_after(bus, await actions.withdraw(bus, principal, application_id, body.reason, body.text))


@router.post("/applications/{application_id}/change")
async def change(application_id: UUID, body: Change, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Change a submitted application before a place is offered, with a reason."""
    await application_changes.change(bus, principal, application_id, body.answers, body.reason, body.text)
    return await _resource_of(bus, application_id)


@router.put("/applications/{application_id}/line-manager")
async def name_line_manager(application_id: UUID, body: LineManager, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Name another line manager of a submitted application, at any time before the follow-up."""
    await line_managers.name_line_manager(bus, principal, application_id, body.name, body.email)
    return await _resource_of(bus, application_id)


@router.post("/applications/{application_id}/appeal")
async def appeal(application_id: UUID, body: Appeal, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Appeal against the decision not to endorse, not eligible, or cancelled, within the call's time for it."""
    return await _standing_after(bus, await appeals.file(bus, principal, application_id, body.text))


@router.post("/tickets", status_code=201)
async def ticket(body: TicketWanted, principal: Officer, bus: BusDep, settings: Portal) -> dict[str, str]:
    """Return a ticket into a form or receipt in another service; good for two minutes, sent in the header X-Ticket."""
    ticket_link = await tickets.for_application(
        bus, settings, principal, body.purpose, body.application_id, body.subject
    )
    return {"ticket": ticket_link.ticket, "address": ticket_link.address, "link": ticket_link.link}
