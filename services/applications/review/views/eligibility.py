"""Endorsed applications with what the rules of their call say, to be confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.model.answers import candidate_of
from services.applications.application.store import applications as store
from services.applications.bulk import Outcome
from services.applications.calls import store as calls_store
from services.applications.calls.model import Finding, eligible, findings, judge
from services.applications.overview.model import FIRST_PAGE, Place, QueueFilters
from services.applications.overview.store import queue
from services.applications.register.store import entries
from services.applications.review.views.decisions import DecidedApplication, decided
from services.applications.review.views.queue import reader_of
from shared.contracts.applications import EligibilityCheck
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationState, PartnerStatus
from shared.identity import Principal
from shared.time import clock
from shared.web.items import ListedVersion, NotDone
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

_ENDORSED = QueueFilters(state=ApplicationState.ENDORSED, sort="due")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of one application by the rules of its call: `terms` are those that it was submitted under."""

    application: store.Application
    call: calls_store.Call
    checks: tuple[EligibilityCheck, ...]
    terms: CallTerms

    @property
    def eligible(self) -> bool:
        """Return whether all rules are met."""
        return eligible(self.checks)

    @property
    def findings(self) -> list[Finding]:
        """The rules in words, for readers other than the officer."""
        return findings(self.terms, self.checks, others=True)


class EligibilityJudgement(DecidedApplication):
    """An application with what the rules of its call say about it."""

    eligible: bool
    checks: list[EligibilityCheck]


class ListedJudgement(EligibilityJudgement):
    """The same in the list, with the version of the application."""

    version: ListedVersion


class EligibilityConfirmed(ReadModel):
    """The applications whose eligibility was confirmed, and those that were left as they are."""

    done: list[EligibilityJudgement]
    left: list[NotDone]


async def judge_applications(session: AsyncSession, applications: Sequence[store.Application]) -> list[Judgement]:
    """Return each application judged by its call's rules, as far as it is answered."""
    calls = await calls_store.calls_by_id(session, {application.call_id for application in applications})
    terms = await calls_store.terms_of(session, applications, calls)
    today = clock.today()
    status = {
        country: await entries.partner_status(session, country, today)
        for country in sorted({application.country for application in applications})
    }
    return [
        Judgement(
            application,
            calls[application.call_id],
            judge(
                terms[application.id],
                candidate_of(
                    application.answers,
                    kind=application.for_,
                    country=application.country,
                    partner_active=status[application.country] is not PartnerStatus.SUSPENDED,
                ),
            ),
            terms[application.id],
        )
        for application in applications
    ]


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """One page of the endorsed applications with what the rules say, and how many there are in all.

    `place` is the page as it was found: its number and the cursors of the pages before and after it.
    """

    judged: list[Judgement]
    place: Place
    total: int


async def waiting_page(session: AsyncSession, principal: Principal, place: Place) -> WaitingPage:
    """Return one page of the endorsed applications by due date; the first page where that one has no rows."""
    reader = await reader_of(session, principal)
    found = await queue.lines(session, reader, _ENDORSED, place)
    if not found.lines and place != FIRST_PAGE:
        found = await queue.lines(session, reader, _ENDORSED)
    judged = await judge_applications(session, await _applications(session, found))
    total = await queue.count(session, reader, _ENDORSED)
    return WaitingPage(judged, Place(found.page, found.after, found.before), total)


async def waiting_rows(session: AsyncSession, principal: Principal, place: Place) -> list[store.Application]:
    """Return the same page without the judgements."""
    found = await queue.lines(session, await reader_of(session, principal), _ENDORSED, place)
    return await _applications(session, found)


async def _applications(session: AsyncSession, found: queue.Lines) -> list[store.Application]:
    applications = await store.by_id(session, [line.id for line in found.lines])
    return [applications[line.id] for line in found.lines]


async def waiting_judgements(
    session: AsyncSession, request: PageRequest, call_id: UUID | None
) -> Page[EligibilityJudgement]:
    """Return one page of the endorsed applications for the API, in the order in which they were begun."""
    found = await store.endorsed_page(session, request, call_id)
    judged = await judge_applications(session, found)
    return page_of(judged, request, EligibilityJudgement, judgement_model, lambda each: (each.application.id,))


def judgement_model(judgement: Judgement) -> EligibilityJudgement:
    """Return what the rules say about an application, as the API answers it."""
    return EligibilityJudgement(
        **dict(decided(judgement.application)), eligible=judgement.eligible, checks=list(judgement.checks)
    )


def confirmed_model(outcome: Outcome[Judgement]) -> EligibilityConfirmed:
    """Return the outcome of confirming several applications, as the API answers it."""
    return EligibilityConfirmed(
        done=[judgement_model(judgement) for judgement in outcome.done],
        left=outcome.not_done(lambda judgement: judgement.application.id),
    )
