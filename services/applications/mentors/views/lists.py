"""List mentors' profiles: one's own, and those of a country by page of the portal and by cursor of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.applications.calls.views.headings import CallHeading, call_headings
from services.applications.matches.store import matches
from services.applications.mentors import store
from services.applications.mentors.store import ASKED, Filters
from services.applications.mentors.views.mentor import Mentor, name_for
from services.applications.register.store import entries
from services.applications.visibility import visibility_of
from shared.contracts.codes import ApplicationKind, MentorState
from shared.time import clock
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal

__all__ = ["ASKED", "CountryMentor", "Filters", "MentorCounts", "country_list", "counts", "own", "own_list", "page"]


class CountryMentor(Mentor):
    """A published profile in the list of a country."""

    mentees: Annotated[int, Field(description="How many mentees the mentor has now.")]


class MentorCounts(ReadModel):
    """The number of profiles that the reader sees, in all filters but the state."""

    states: dict[MentorState, int]
    awaited: Annotated[int, Field(description="Those whose mentor is asked whether there is still time.")]

    @property
    def by_code(self) -> dict[str, int]:
        """All counts, by state and by filter."""
        return {str(state): count for state, count in self.states.items()} | {ASKED: self.awaited}


async def page(
    session: AsyncSession, principal: Principal, filters: Filters, request: PageRequest
) -> Page[CountryMentor]:
    """Return a page of the published profiles that the principal sees, the newest first."""
    found = await store.newest(session, visibility_of(principal), filters, request)
    mentees = await matches.mentee_counts(session, [row.id for row in found])
    return page_of(
        found,
        request,
        CountryMentor,
        lambda row: CountryMentor.of(row, principal, mentees=mentees[row.id]),
        lambda row: (row.id,),
    )


async def counts(session: AsyncSession, principal: Principal, filters: Filters) -> MentorCounts:
    """Return how many published profiles the principal sees in each state, whatever state is filtered by."""
    found = await store.counts(session, visibility_of(principal), filters)
    awaited = found.pop(ASKED)
    return MentorCounts(states={MentorState(code): count for code, count in found.items()}, awaited=awaited)


async def own(session: AsyncSession, principal: Principal) -> Page[Mentor]:
    """Return the principal's own profiles, the newest first; there is one a call."""
    rows = await store.of_subject(session, principal.subject)
    return Page[Mentor](items=[Mentor.of(row, principal) for row in rows], next=None)


@dataclass(frozen=True, slots=True)
class OwnList:
    """A mentor's profiles, each with the title of its call, and the calls for which there is none yet."""

    rows: Sequence[tuple[Mentor, str]]
    open_calls: Sequence[CallHeading]


async def own_list(session: AsyncSession, principal: Principal) -> OwnList:
    """Return the principal's own profiles, and the calls that look for mentors."""
    rows = await store.of_subject(session, principal.subject)
    calls = {call.id: call for call in await call_headings(session)}
    own_calls = {row.call_id for row in rows}
    return OwnList(
        [(Mentor.of(row, principal), calls[row.call_id].title) for row in rows],
        [
            call
            for call in calls.values()
            if call.id not in own_calls and call.takes(ApplicationKind.MENTEE) and call.opens <= clock.now()
        ],
    )


@dataclass(frozen=True, slots=True)
class ListedMentor:
    """A profile in the list of a country; `name` is empty for readers who may not know it."""

    mentor: CountryMentor
    name: str
    agency: str
    call: str


@dataclass(frozen=True, slots=True)
class CountryList:
    """One page of a country's profiles, with its counts and the calls it can be filtered by."""

    rows: Sequence[ListedMentor]
    total: int
    counts: MentorCounts
    calls: Sequence[CallHeading]


async def country_list(session: AsyncSession, principal: Principal, filters: Filters, number: int) -> CountryList:
    """Return one page of the published profiles that the principal sees, those that are asked first."""
    found, total = await store.list_page(session, visibility_of(principal), filters, number)
    calls = await call_headings(session)
    references = {call.id: call.reference for call in calls}
    people = await entries.people_by_subject(session, [row.subject for row in found])
    organisations = await entries.organisations(session, ids={row.organisation_id for row in found})
    agencies = {organisation.id: organisation.name for organisation in organisations}
    mentees = await matches.mentee_counts(session, [row.id for row in found])
    return CountryList(
        rows=[
            ListedMentor(
                CountryMentor.of(row, principal, mentees=mentees[row.id]),
                name_for(principal, row, people),
                agencies.get(row.organisation_id, ""),
                references.get(row.call_id, ""),
            )
            for row in found
        ],
        total=total,
        counts=await counts(session, principal, filters),
        calls=calls,
    )
