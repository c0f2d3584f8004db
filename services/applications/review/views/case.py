"""One submitted application, as those who decide on it see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.access.views import capacity_for
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.application.views.answers import (
    AnswerChange,
    AnswerSection,
    answer_changes,
    answer_sections,
    answers_at,
)
from services.applications.application.views.application import ApplicationDetail, detail_of
from services.applications.application.views.companions import company_of_case, company_sentence
from services.applications.application.views.history import history
from services.applications.application.views.later_history import later_history
from services.applications.application.views.standing import Case, case_of, standing
from services.applications.display import TimelineEntry
from services.applications.matches.views.override_reasons import ManualPlace, manual_places, timeline_entry
from services.applications.outcomes.views import NamedCoordinator, manager_to_confirm, named_coordinator
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.contracts.applications import ApplicationEndorsed, ApplicationNotEndorsed, ApplicationReturned
from shared.contracts.codes import ActingAs, ApplicationState
from shared.identity import Principal
from shared.identity.scope import may_coordinate
from shared.web.states import Standing

_FIRST = datetime.min.replace(tzinfo=UTC)
_DECISIONS = frozenset({ApplicationReturned.type, ApplicationEndorsed.type, ApplicationNotEndorsed.type})


class ReviewCase(ApplicationDetail):
    """An application with what only those who decide on it see: as whom they decide, and who is asked besides."""

    you_decide_as: Annotated[ActingAs | None, Field(description="null where the decision is not yours now.")]
    deputy_asked_until: AwareDatetime | None
    programme_asked_since: AwareDatetime | None
    line_manager_to_confirm: Annotated[
        str | None,
        Field(description="The line manager's address, where a coordinator has to confirm it before it is written to."),
    ]
    coordinator_named_as_manager: Annotated[
        bool,
        Field(
            description="The officer names a coordinator as line manager, and nobody has confirmed it. The coordinator"
            " can decide until then."
        ),
    ]
    manual_places: Annotated[
        tuple[ManualPlace, ...],
        Field(description="Places that were assigned manually, with the reason in words. The officer does not see it."),
    ]


@dataclass(frozen=True, slots=True)
class CasePage:
    """The details of a case for a coordinator, and whether it is the reader's to decide."""

    case: Case
    standing: Standing
    answers: list[AnswerSection]
    changes: list[AnswerChange]
    events: list[TimelineEntry]
    company: str
    decides: bool
    notice: str | None
    manager_to_confirm: str | None
    named_coordinator: NamedCoordinator | None


def case_address(application_id: UUID, rest: str = "") -> str:
    """Return the address of a case, or of a page of it."""
    return f"/applications/cases/{application_id}" + (f"/{rest}" if rest else "")


async def visible_case(session: AsyncSession, principal: Principal, application_id: UUID) -> Case:
    """Return a submitted case that is the principal's to see. Raises `Refused` (404)."""
    case = await case_of(session, application_id)
    if (
        case is None
        or case.application.submitted_at is None
        or not may_coordinate(principal, case.application.country, case.application.organisation_id)
    ):
        raise not_found()
    return case


async def case_reference(session: AsyncSession, principal: Principal, application_id: UUID) -> str:
    """Return the reference of a case that the principal may see. Raises `Refused` as `visible_case`."""
    return (await visible_case(session, principal, application_id)).application.reference or ""


def captioned(application: store.Application) -> str:
    """Return the caption of a page about an application: its reference and the officer's name."""
    return " · ".join(part for part in (application.reference, application.answers.name) if part)


async def load_case(bus: Bus, principal: Principal, application_id: UUID) -> Case:
    """Return the same in a session of its own. Raises `Refused` (404)."""
    async with bus.read() as session:
        return await visible_case(session, principal, application_id)


async def review_case(session: AsyncSession, principal: Principal, application_id: UUID) -> ReviewCase:
    """Return a case for the API. Raises `Refused` (404)."""
    case = await visible_case(session, principal, application_id)
    own = await capacity_for(session, principal, case.application)
    waits = case.application.own_state is ApplicationState.SUBMITTED
    return ReviewCase(
        **dict(detail_of(case, others=True)),
        you_decide_as=own.acting_as if waits else None,
        deputy_asked_until=own.deputy_until if waits and own.overdue else None,
        programme_asked_since=own.escalated_at if waits else None,
        line_manager_to_confirm=await manager_to_confirm(session, case.application),
        coordinator_named_as_manager=await named_coordinator(session, case.application) is not None,
        manual_places=await manual_places(session, principal, case.application),
    )


async def case_page(session: AsyncSession, principal: Principal, application_id: UUID) -> CasePage:
    """Return a case for its page: with `decides` where the reader can endorse it now. Raises `Refused` (404)."""
    case = await visible_case(session, principal, application_id)
    own = await capacity_for(session, principal, case.application)
    steps = await store.steps(session, application_id)
    before = await answers_at(session, case, _last_decision(steps, principal) or _FIRST)
    decidable = states.possible(ApplicationEndorsed, case.application.own_state)
    events = history(steps, principal, internal=True)
    events += [timeline_entry(place) for place in await manual_places(session, principal, case.application)]
    events += await later_history(session, application_id)
    return CasePage(
        case,
        standing(case, others=True),
        await answer_sections(session, case, others=True, before=before),
        await answer_changes(session, case),
        sorted(events, key=lambda event: event.when, reverse=True),
        company_sentence(await company_of_case(session, case), others=True),
        decidable and own.acting_as is not None,
        own.notice_for(principal) if decidable else None,
        await manager_to_confirm(session, case.application),
        await named_coordinator(session, case.application),
    )


def _last_decision(steps: Sequence[store.Step], reader: Principal) -> datetime | None:
    """Return when the reader last decided on a case, or else anybody; None before the first decision."""
    decisions = [step for step in steps if step.event in _DECISIONS]
    own = [step for step in decisions if step.actor == reader.subject]
    return next((step.at for step in own or decisions), None)
