"""Read calls: as the API answers them, and with all that their pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.application.store import applications
from services.applications.calls import store
from services.applications.calls.model import rule_sentences
from services.applications.calls.model.field_sentences import need_sentence
from services.applications.calls.model.revision import Difference, differences
from services.applications.calls.views.closing import left_without_place
from services.applications.calls.views.facts import register_facts
from services.applications.calls.views.headings import CallHeading
from services.applications.calls.views.reading import CallReading, call_reading, title_of
from services.applications.calls.views.requirements import Requirements, requirements_of
from services.applications.needs import store as needs_store
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationState, AudienceKind, CallState, EligibilityRule, Role
from shared.next_steps import CallFacts, call_standing
from shared.time import clock
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.next_steps import Described

ShownState = Literal["announced", "published", "past_deadline", "closed"]


class Call(ReadModel):
    """A call as it is now: its terms, and what they ask of an officer in sentences."""

    id: UUID
    reference: Annotated[str, Field(examples=["TC-2026-1"])]
    revision: Annotated[int, Field(description="The number of its newest revision.")]
    state: Annotated[
        ShownState,
        Field(description="Published, it is `announced` while one cannot apply yet, then `past_deadline`."),
    ]
    title: Annotated[str, Field(description="In the reader's language, else in English, else in the first one.")]
    terms: CallTerms
    rules: Annotated[list[str], Field(examples=[["You have worked in the field for at least 3 years."]])]

    @classmethod
    def of(cls, row: store.Call, **more: list[Requirement] | None) -> Self:
        """Return a stored call; `more` are fields of a subclass."""
        terms = row.terms
        return cls.model_validate(
            {
                "id": row.id,
                "reference": row.reference,
                "revision": row.revision,
                "state": row.shown_state(clock.now()),
                "title": row.title,
                "terms": terms,
                "rules": rule_sentences(terms),
            }
            | more
        )


class Requirement(ReadModel):
    """One rule of a call, checked for the officer who reads it."""

    rule: EligibilityRule
    met: Annotated[bool, Field(description="Whether the rule is met.")]
    asks: Annotated[str, Field(examples=["You have worked in the field for at least 3 years."])]
    given: Annotated[str, Field(description="What is known of the officer.", examples=["2 years"])]
    remedy: Annotated[str, Field(description="What would help; empty where the rule is met.")]


class CallForReader(Call):
    """A call with what its rules say of the officer who reads it."""

    requirements: Annotated[
        list[Requirement] | None, Field(description="As far as is known; null for readers who are no officers.")
    ]


async def page(session: AsyncSession, request: PageRequest) -> Page[Call]:
    """Return a page of all calls, the one with the latest deadline first."""
    found = await store.latest(session, request)
    return page_of(found, request, Call, Call.of, lambda row: (row.deadline, row.id))


async def call_for_reader(session: AsyncSession, principal: Principal, call_id: UUID) -> CallForReader:
    """Return one call, for an officer with the findings of its rules. Raises `Refused` (404)."""
    row = await _call(session, call_id)
    own_requirements = (await requirements_of(session, principal, [row])).get(call_id)
    requirements = None
    if own_requirements is not None:
        requirements = [
            Requirement(
                rule=finding.rule,
                met=finding.met,
                asks=finding.asks,
                given=finding.given,
                remedy=finding.remedy,
            )
            for finding in own_requirements.findings
        ]
    return CallForReader.of(row, requirements=requirements)


async def _call(session: AsyncSession, call_id: UUID) -> store.Call:
    row = await store.call(session, call_id)
    if row is None:
        raise not_found()
    return row


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call in the list; `ready` applications wait for eligibility."""

    call: CallHeading
    ready: int
    requirements: Requirements | None


@dataclass(frozen=True, slots=True)
class ListedDraft:
    """A draft in the list; `revises` is the call whose next revision it is."""

    id: UUID
    title: str
    revises: CallHeading | None
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class CallList:
    """All calls, and for those who write them the drafts."""

    calls: Sequence[ListedCall]
    drafts: Sequence[ListedDraft]


async def call_list(session: AsyncSession, principal: Principal) -> CallList:
    """Return all calls, with what the reader should know of each."""
    moment, writes = clock.now(), principal.has(Role.PROGRAMME_COORDINATOR)
    rows = await store.calls(session)
    headings = {row.id: CallHeading.of(row) for row in rows}
    open_ids = [row.id for row in rows if writes and row.state == CallState.PUBLISHED]
    ready = await applications.count_by_call(session, open_ids, ApplicationState.ENDORSED)
    requirements = await requirements_of(session, principal, [row for row in rows if row.takes_applications(moment)])
    drafts = await store.drafts(session) if writes else []
    people = await entries.people_by_subject(session, {draft.saved_by for draft in drafts})
    revises = [None if draft.revises is None else headings.get(draft.revises) for draft in drafts]
    return CallList(
        [ListedCall(call, ready.get(call.id, 0), requirements.get(call.id)) for call in headings.values()],
        [
            ListedDraft(
                draft.id,
                revised.title if revised is not None else title_of(draft.entry),
                revised,
                people[draft.saved_by].name if draft.saved_by in people else draft.saved_by,
                draft.saved_at,
            )
            for draft, revised in zip(drafts, revises, strict=True)
        ],
    )


@dataclass(frozen=True, slots=True)
class CallDetails:
    """All that the page of a call shows; `needs` are the training needs that the reader may know, in sentences."""

    call: CallHeading
    reading: CallReading
    needs: Sequence[str]
    requirements: Requirements | None
    revision_draft: UUID | None
    standing: Described
    since: datetime


async def call_details(session: AsyncSession, principal: Principal, call_id: UUID) -> CallDetails:
    """Return one call with what the reader should know of it. Raises `Refused` (404)."""
    row = await _call(session, call_id)
    writes = principal.has(Role.PROGRAMME_COORDINATOR)
    draft = await store.revision_draft(session, call_id) if writes else None
    needs = await needs_store.for_calls(session, row.terms.needs)
    # The programme sees all needs; others those of their own country, as in the register.
    own = None if writes else principal.countries(Role.OFFICER) | principal.countries(Role.NATIONAL_COORDINATOR)
    left = await left_without_place(session, call_id) if writes else None
    requirements = (await requirements_of(session, principal, [row])).get(call_id)
    applies = requirements is not None and not requirements.own
    facts = CallFacts(state=CallState(row.state), opens=row.opens, deadline=row.deadline, left=left)
    return CallDetails(
        CallHeading.of(row),
        call_reading(row.terms),
        [need_sentence(need) for need in needs.values() if own is None or need.country in own],
        requirements,
        None if draft is None else draft.id,
        call_standing(facts, {AudienceKind.APPLICANT} if applies else ()),
        _since(row),
    )


class SectionDifference(ReadModel):
    """The difference of two revisions of a call in one section, in sentences."""

    section: Annotated[str, Field(examples=["dates"])]
    gone: list[str]
    new: list[str]


class CallRevision(ReadModel):
    """A call as it was published or revised."""

    revision: int
    at: AwareDatetime
    terms: CallTerms
    changes: Annotated[list[SectionDifference], Field(description="What it says differently from the one before.")]
    moved: Annotated[int, Field(description="How many submitted applications are judged by it in their favour.")]


@dataclass(frozen=True, slots=True)
class PublishedRevision:
    """One revision in the history of a call; `by` is the name of who published it."""

    revision: int
    at: datetime
    terms: CallTerms
    changes: Sequence[Difference]
    moved: int
    by: str


def _since(row: store.Call) -> datetime:
    """Return when a call came into the state that pages show."""
    since = {
        "announced": row.published_at,
        "published": max(row.opens, row.published_at),
        "past_deadline": row.deadline,
    }
    return row.closed_at or since[row.shown_state(clock.now())]


async def call_history(session: AsyncSession, call_id: UUID) -> tuple[CallHeading, list[PublishedRevision]]:
    """Return a call and all its revisions, the newest first. Raises `Refused` (404)."""
    row = await _call(session, call_id)
    found = await store.revisions(session, call_id)
    terms = [revision.terms for revision in found]
    facts = await register_facts(session, *terms)
    people = await entries.people_by_subject(session, {revision.actor for revision in found})
    return CallHeading.of(row), [
        PublishedRevision(
            revision.revision,
            revision.at,
            newer,
            [] if older is None else differences(older, newer, facts),
            len(revision.touches),
            people[revision.actor].name if revision.actor in people else "",
        )
        for revision, newer, older in zip(found, terms, [*terms[1:], None], strict=True)
    ]


async def call_revisions(session: AsyncSession, call_id: UUID) -> Page[CallRevision]:
    """Return all revisions of a call, the newest first; there are few. Raises `Refused` (404)."""
    _, found = await call_history(session, call_id)
    items = [
        CallRevision(
            revision=revision.revision,
            at=revision.at,
            terms=revision.terms,
            changes=section_differences(revision.changes),
            moved=revision.moved,
        )
        for revision in found
    ]
    return Page[CallRevision](items=items, next=None)


def section_differences(found: Sequence[Difference]) -> list[SectionDifference]:
    """Return differences as the API answers them."""
    return [
        SectionDifference(section=difference.section, gone=list(difference.gone), new=list(difference.new))
        for difference in found
    ]
