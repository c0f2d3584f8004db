"""An application as the API answers it: its state for lists, and its answers for those who may read them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.model.answers import Answers, missing
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.application.views.standing import Case, case_of, shown_state, standing_of
from services.applications.next_steps.views import case_facts
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.contracts.codes import ApplicationKind, ApplicationState, EligibilityRule, Outcome
from shared.identity import Principal
from shared.identity.scope import is_self, may_see_case
from shared.next_steps import CaseFacts
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel


class ApplicationSummary(ReadModel):
    """An application: its state and since when, with whom it is, the next step and its date."""

    id: UUID
    reference: Annotated[str | None, Field(description="Given when it is first submitted.", examples=["AM-2026-0042"])]
    call_id: UUID
    kind: ApplicationKind
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2, or EU for an EU agency.", examples=["AM"])]
    state: ApplicationState
    cleared_ahead: Annotated[bool, Field(description="It waits, and both countries have cleared it for a place.")]
    since: AwareDatetime | None
    due: Annotated[AwareDatetime | None, Field(description="Until when the next step is asked for.")]
    holder: Annotated[str, Field(description="With whom it is now, in words; empty once it is over.")]
    next: Annotated[str, Field(description="The next step, in words; empty once it is over.")]
    outcome: Annotated[Outcome | None, Field(description="The first final outcome.")]
    match_id: Annotated[UUID | None, Field(description="Its newest match.")]
    submitted_at: AwareDatetime | None


class RuleFinding(ReadModel):
    """One rule of the call in words: what it asks, what the application says, and what would help."""

    rule: EligibilityRule
    met: Annotated[bool, Field(description="The rule is met.")]
    asks: str
    given: str
    remedy: Annotated[str, Field(description="Empty where the rule is met.")]


class ApplicationDetail(ApplicationSummary):
    """An application with its answers, what of them is missing, and what the rules of the call say."""

    answers: Answers
    missing: Annotated[
        dict[str, list[str]],
        Field(
            description="What is still to be answered, by page of the application.",
            examples=[{"objectives": ["Write at least one objective"]}],
        ),
    ]
    unaccepted: Annotated[
        dict[str, JsonValue],
        Field(
            description="What was written and is not accepted, such as a row that is half written, by field and as it"
            " was written. `answers` is without it, and `missing` names its page.",
            examples=[{"languages": [{"language": "fr", "level": ""}]}],
        ),
    ]
    eligibility: list[RuleFinding]


def summary_of(
    application: store.Application,
    projected: standings.Standing | None,
    facts: CaseFacts | None = None,
    *,
    others: bool = False,
) -> ApplicationSummary:
    """Return the state of an application; without `facts` it is one of which nothing has come yet.

    `others`: for readers other than the officer.
    """
    standing = standing_of(application, projected, facts, others=others)
    state = shown_state(application, projected)
    return ApplicationSummary(
        id=application.id,
        reference=application.reference,
        call_id=application.call_id,
        kind=application.for_,
        country=application.country,
        state=state,
        cleared_ahead=projected is not None and projected.cleared_ahead and state is ApplicationState.WAITLISTED,
        since=standing.since,
        due=standing.due,
        holder=standing.holder,
        next=standing.next,
        outcome=application.published_outcome,
        match_id=None if projected is None else projected.match_id,
        submitted_at=application.submitted_at,
    )


def detail_of(case: Case, *, others: bool = False) -> ApplicationDetail:
    """Return an application with its answers and findings."""
    summary = summary_of(case.application, case.projected, case.facts, others=others)
    return ApplicationDetail(
        **dict(summary),
        answers=case.application.answers,
        missing=missing(case.application.answers, case.terms),
        unaccepted=case.application.answers.unaccepted,
        eligibility=[
            RuleFinding(rule=found.rule, met=found.met, asks=found.asks, given=found.given, remedy=found.remedy)
            for found in case.findings
        ],
    )


async def own_summaries(session: AsyncSession, principal: Principal, request: PageRequest) -> Page[ApplicationSummary]:
    """Return one page of the officer's own applications, the newest first."""
    found = await store.page_of_officer(session, principal.subject, request)
    projected = await standings.standings_of(session, [application.id for application in found])
    facts = await case_facts(session, found)

    def summary(application: store.Application) -> ApplicationSummary:
        return summary_of(application, projected.get(application.id), facts[application.id])

    return page_of(found, request, ApplicationSummary, summary, lambda application: (application.id,))


async def readable_detail(session: AsyncSession, principal: Principal, application_id: UUID) -> ApplicationDetail:
    """Return an application that the principal may read: a draft only its officer may. Raises `Refused` (404)."""
    case = await case_of(session, application_id)
    if case is None or not _may_read(principal, case.application):
        raise not_found()
    return detail_of(case)


def _may_read(principal: Principal, application: store.Application) -> bool:
    if application.submitted_at is None:
        return is_self(principal, application.subject)
    return may_see_case(principal, country=application.country, subject=application.subject)


async def summary_after(bus: Bus, application: store.Application) -> ApplicationSummary:
    """Return a submitted application after an action: as it was written, so that little is read again."""
    async with bus.glance() as session:
        projected = await standings.standing_of(session, application.id)
        facts = None if projected is None else (await case_facts(session, [application]))[application.id]
    return summary_of(application, projected, facts)
