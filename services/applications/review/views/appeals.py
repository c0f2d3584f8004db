"""Appeals for those who decide on them: lists, one appeal, and as whom the reader decides."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.access.store import holders
from services.applications.access.views import acting_as
from services.applications.application.model.states import NotPossible
from services.applications.application.store import applications
from services.applications.application.views.history import reason_word
from services.applications.application.views.standing import Case
from services.applications.own_cases.model import Ties, why_not
from services.applications.own_cases.store import ties_of
from services.applications.register.store import entries
from services.applications.review import model, store
from services.applications.review.views.case import visible_case
from services.applications.review.views.decisions import names_of
from shared.contracts.codes import ActingAs, AppealOutcome, ApplicationState, CallState, Role
from shared.i18n import gettext
from shared.identity import Principal
from shared.identity.scope import EU
from shared.time import clock
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel


class AppealCase(ReadModel):
    """An appeal against a decision on an application."""

    application_id: UUID
    reference: Annotated[str | None, Field(examples=["AM-2026-0042"])]
    country: Annotated[str, Field(examples=["AM"])]
    against: Annotated[ApplicationState, Field(description="The decision that is appealed against.")]
    filed_at: AwareDatetime
    due: AwareDatetime
    text: Annotated[str, Field(description="Why the officer thinks that the decision is wrong.")]
    outcome: Annotated[AppealOutcome | None, Field(description="null while it is open.")]
    answer: Annotated[str, Field(description="Why it was decided so; empty while it is open.")]
    you_decide: bool


@dataclass(frozen=True, slots=True)
class AppealCapacity:
    """The reader's capacity to decide on an appeal, or why there is none; `others` are the names of those who could."""

    acting_as: ActingAs | None
    why_not: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppealLine:
    """A line of the list of appeals."""

    appeal: store.Appeal
    application: applications.Application
    name: str
    mine: bool


@dataclass(frozen=True, slots=True)
class AppealList:
    """One page of the appeals, with how many there are of each sort."""

    lines: list[AppealLine]
    total: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class AppealPage:
    """An appeal with the decision that it is against, and as whom the reader decides."""

    case: Case
    appeal: store.Appeal
    decision: applications.Step | None
    reason: str
    capacity: AppealCapacity

    @property
    def closed(self) -> bool:
        """Return whether the call has closed meanwhile."""
        return self.case.call.state == CallState.CLOSED


def appeal_capacity(
    principal: Principal, application: applications.Application, appeal: store.Appeal, ties: Ties
) -> AppealCapacity:
    """Return as whom the reader decides on this appeal, or why not; without the names of others.

    `ties` are the reader's own: an appeal that concerns the reader is for somebody else.
    """
    if (tie := ties.between(principal.subject, application.concerned)) is not None:
        return AppealCapacity(None, why_not(tie))
    own: ActingAs | None = None
    if appeal.decided_state is ApplicationState.NOT_ENDORSED:
        own = acting_as(principal, application.country, application.organisation_id)
    if own is None and principal.has(Role.PROGRAMME_COORDINATOR):
        own = ActingAs.PROGRAMME
    if own is None:
        return AppealCapacity(
            None, gettext("The programme made this decision, so a programme coordinator decides on the appeal.")
        )
    try:
        model.check_other_decider(appeal.decided_by, principal.subject)
    except NotPossible as error:
        return AppealCapacity(None, str(error))
    return AppealCapacity(own)


async def appeal_capacity_with_others(
    session: AsyncSession, principal: Principal, application: applications.Application, appeal: store.Appeal
) -> AppealCapacity:
    """Return the same; readers who do not decide also learn who could."""
    found = appeal_capacity(principal, application, appeal, await ties_of(session, [principal.subject]))
    if found.acting_as is not None or appeal.outcome is not None:
        return found
    today = clock.today()
    able = set(await holders(session, Role.PROGRAMME_COORDINATOR, today))
    if appeal.decided_state is ApplicationState.NOT_ENDORSED and application.country == EU:
        able |= set(await holders(session, Role.CLEARANCE_OFFICER, today, str(application.organisation_id)))
    elif appeal.decided_state is ApplicationState.NOT_ENDORSED:
        able |= set(await holders(session, Role.NATIONAL_COORDINATOR, today, application.country))
    able -= {appeal.decided_by, principal.subject}
    free = (await ties_of(session, able)).free(sorted(able), application.concerned)
    people = await entries.people_by_subject(session, free)
    return AppealCapacity(None, found.why_not, tuple(sorted(person.name for person in people.values())))


async def appeal_list(session: AsyncSession, principal: Principal, state: str | None, page: int) -> AppealList:
    """Return one page of the appeals within the reader's reach, the reader's own tasks first."""
    found, total = await store.within(session, principal, state, page)
    names = await names_of(session, (application for _, application in found))
    ties = await ties_of(session, [principal.subject])
    lines = [
        AppealLine(
            appeal, application, names.get(application.subject, ""), _is_mine(principal, appeal, application, ties)
        )
        for appeal, application in found
    ]
    return AppealList(lines, total, await store.counts(session, principal))


def _is_mine(principal: Principal, appeal: store.Appeal, application: applications.Application, ties: Ties) -> bool:
    return appeal.outcome is None and appeal_capacity(principal, application, appeal, ties).acting_as is not None


async def appeal_cases(
    session: AsyncSession, principal: Principal, state: str | None, request: PageRequest
) -> Page[AppealCase]:
    """Return one page of the appeals within the reader's reach for the API, in the order in which they were filed."""
    ties = await ties_of(session, [principal.subject])

    def view(row: tuple[store.Appeal, applications.Application]) -> AppealCase:
        appeal, application = row
        return AppealCase(
            application_id=application.id,
            reference=application.reference,
            country=application.country,
            against=appeal.decided_state,
            filed_at=appeal.filed_at,
            due=appeal.due,
            text=appeal.text,
            outcome=None if appeal.outcome is None else AppealOutcome(appeal.outcome),
            answer=appeal.answer,
            you_decide=_is_mine(principal, appeal, application, ties),
        )

    found = await store.listed(session, principal, state, request)
    return page_of(found, request, AppealCase, view, lambda row: (row[0].filed_at, row[0].id))


async def appeal_page(session: AsyncSession, principal: Principal, application_id: UUID) -> AppealPage | None:
    """Return the newest appeal of a case; None where there is none. Raises `Refused` (404)."""
    case = await visible_case(session, principal, application_id)
    filed = await store.of_application(session, application_id)
    if not filed:
        return None
    steps = await applications.steps(session, application_id)
    decision = next((step for step in steps if step.id == filed[0].id), None)
    return AppealPage(
        case,
        filed[0],
        decision,
        "" if decision is None else reason_word(decision.reason),
        await appeal_capacity_with_others(session, principal, case.application, filed[0]),
    )
