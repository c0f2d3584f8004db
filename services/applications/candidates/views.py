"""Read the anonymous candidates of a placement or mentor: as the API answers them, and with all that the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.applications import transitions
from services.applications.calls import store as calls_store
from services.applications.candidates import store
from services.applications.candidates.model import (
    MOST_GRADES,
    Choices,
    Merit,
    level_in_words,
    merit,
    name_of,
    order_counts,
    shown_languages,
)
from services.applications.display import SummaryRow
from services.applications.mentors import store as mentors_store
from services.applications.mentors.store import Mentor
from services.applications.placements import store as placements_store
from services.applications.places.views import suitable_applicants
from services.applications.refusals import not_found
from shared.contracts import labels
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts.applications import LanguageHeld
from shared.contracts.codes import (
    ApplicationKind,
    CallState,
    Expertise,
    RankGroup,
    Role,
    ServiceKind,
    Wishes,
)
from shared.i18n import gettext
from shared.identity.scope import is_self, may_act_for_organisation
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from services.applications.calls.store import Call
    from services.applications.placements.store import Offer
    from shared.identity import Principal

RESTRICTED: Literal["restricted"] = "restricted"
PAGE = 25
"""So many candidates a page."""
_SMALLEST_GROUP = 2


@dataclass(frozen=True, slots=True)
class Seat:
    """The placement or mentor's profile of the reader, with its call."""

    kind: ApplicationKind
    row: Offer | Mentor
    call: Call

    @property
    def event(self) -> type[offer_events.OfferCandidatesChosen | mentor_events.MentorCandidatesChosen]:
        """The event by which choices leave the portal."""
        if self.kind is ApplicationKind.STUDY_VISIT:
            return offer_events.OfferCandidatesChosen
        return mentor_events.MentorCandidatesChosen

    @property
    def of(self) -> Literal["offer", "mentor"]:
        """The kind of thing, as states name it."""
        return "offer" if self.kind is ApplicationKind.STUDY_VISIT else "mentor"

    @property
    def open(self) -> bool:
        """Return whether candidates can be judged now: published or paused, in a call that is not closed."""
        return self.call.state == CallState.PUBLISHED and transitions.possible(self.event, self.row.state)

    @property
    def order_counts(self) -> bool:
        """Return whether the call counts an order."""
        return order_counts(self.call.terms)

    @property
    def reserved(self) -> bool:
        """Return whether it is a placement that is kept for one application, so that there is nothing to choose."""
        terms = None if isinstance(self.row, Mentor) else self.row.terms
        return terms is not None and terms.prematched_with is not None

    def scope(self, principal: Principal) -> store.Scope:
        """Return what the principal may read for it."""
        row = self.row
        return store.Scope(row.id, row.call_id, self.kind, row.country, row.organisation_id, principal.subject)


async def own_seat(
    session: AsyncSession, principal: Principal, kind: ApplicationKind, seat_id: UUID, *, lock: bool = False
) -> Seat:
    """Return the principal's own placement or profile. Raises `Refused` (404)."""
    row: Offer | Mentor | None
    if kind is ApplicationKind.STUDY_VISIT:
        row = await placements_store.offer(session, seat_id, lock=lock)
        own = row is not None and may_act_for_organisation(principal, row.organisation_id)
    else:
        row = await mentors_store.mentor(session, seat_id, lock=lock)
        own = row is not None and principal.has(Role.MENTOR) and is_self(principal, row.subject)
    call = None if row is None else await calls_store.call(session, row.call_id)
    if row is None or call is None or not own:
        raise not_found()
    return Seat(kind, row, call)


@dataclass(frozen=True, slots=True)
class Listed:
    """A candidate who meets the rules that can be checked, with how well and why."""

    application: Application
    merit: Merit
    languages: Sequence[LanguageHeld]
    """Those in which the placement or mentor works, no mother tongue: another one could tell the country."""


async def candidates_of(session: AsyncSession, principal: Principal, seat: Seat, saved: Choices) -> list[Listed]:
    """Return the suitable candidates whom the principal may judge, the best first."""
    if not seat.open or seat.reserved:
        return []
    waiting = await store.waiting(session, seat.scope(principal), saved.applications)
    return sorted(_suitable(seat, waiting), key=lambda each: -each.merit.grade)


async def groups_of(session: AsyncSession, principal: Principal, seat: Seat) -> list[list[Listed]]:
    """Return the groups that the placement can take whole, each with its members, all of them suitable."""
    row = seat.row
    terms = None if isinstance(row, Mentor) else row.terms
    if not seat.open or seat.reserved or terms is None or terms.group_size < _SMALLEST_GROUP:
        return []
    found = await store.waiting_groups(session, seat.scope(principal), terms.group_size)
    listed = [(members, _suitable(seat, members)) for members in found]
    return [suitable for members, suitable in listed if len(suitable) == len(members)]


def _suitable(seat: Seat, applications: Sequence[Application]) -> list[Listed]:
    row = seat.row
    service = row.entry.service if isinstance(row, Mentor) else None
    found = []
    for each in suitable_applicants(row, applications, seat.call.terms):
        answers = each.application.answers
        same_service = service is not None and answers.service == service
        found.append(
            Listed(
                each.application,
                merit(each.officer, each.needs, same_service=same_service),
                shown_languages(answers.languages, each.needs),
            )
        )
    return found


class KnownExpertise(ReadModel):
    """An area of expertise of a candidate."""

    area: Annotated[Expertise | Literal["restricted"], Field(description="Restricted areas are not named.")]
    level: Annotated[int, Field(ge=1, le=3)]
    years: Annotated[int, Field(ge=0)]


class Candidate(ReadModel):
    """An anonymous candidate who meets the rules that can be checked: no name, no country and no agency."""

    application_id: UUID
    name: Annotated[str, Field(examples=["Candidate 5B3F09AC"])]
    rank_group: RankGroup | None
    service: ServiceKind | None
    expertise: list[KnownExpertise]
    languages: Annotated[list[LanguageHeld], Field(description="Those in which you work, without a mother tongue.")]
    grade: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_GRADES,
            description="One each for an expert in a shared area, for five years in one, and for a language above the"
            " level that is asked for.",
        ),
    ]
    fits: Annotated[str, Field(examples=["Fits very well"])]
    reasons: Annotated[list[str], Field(examples=[["Speaks English at C1. You ask for B1."]])]


class CandidateGroup(ReadModel):
    """Officers who come together or not at all. Points alone place them; one who is not suitable keeps all away."""

    members: list[Candidate]


class CandidateList(ReadModel):
    """The candidates of a placement or mentor, and what its host or mentor says of them."""

    open: Annotated[bool, Field(description="Whether candidates can be judged now.")]
    order_counts: Annotated[bool, Field(description="Whether the call counts an order of candidates.")]
    items: list[Candidate]
    groups: Annotated[
        list[CandidateGroup],
        Field(description="Groups that the placement can take, all members suitable. They cannot be put in order."),
    ]
    choices: Annotated[Choices, Field(description="What was saved of the candidates in the list.")]


def _candidate(listed: Listed) -> Candidate:
    answers = listed.application.answers
    return Candidate(
        application_id=listed.application.id,
        name=name_of(listed.application.id),
        rank_group=answers.rank_group,
        service=answers.service,
        expertise=[
            KnownExpertise(
                area=RESTRICTED if known.area.restricted else known.area, level=known.level, years=known.years
            )
            for known in answers.expertise
        ],
        languages=list(listed.languages),
        grade=listed.merit.grade,
        fits=listed.merit.words,
        reasons=list(listed.merit.reasons),
    )


async def candidate_list(
    session: AsyncSession, principal: Principal, kind: ApplicationKind, seat_id: UUID
) -> CandidateList:
    """Return the candidates of the principal's own placement or profile. Raises `Refused` (404)."""
    seat = await own_seat(session, principal, kind, seat_id)
    return await _list(session, principal, seat)


async def _list(session: AsyncSession, principal: Principal, seat: Seat) -> CandidateList:
    saved = await store.choices_of(session, seat.row.id)
    found = await candidates_of(session, principal, seat, saved)
    groups = await groups_of(session, principal, seat)
    return CandidateList(
        open=seat.open,
        order_counts=seat.order_counts,
        items=[_candidate(each) for each in found],
        groups=[CandidateGroup(members=[_candidate(each) for each in members]) for members in groups],
        choices=saved.within({each.application.id for each in (*found, *chain.from_iterable(groups))}),
    )


@dataclass(frozen=True, slots=True)
class Card:
    """A candidate with the facts that are shown, the place in the saved order (0: none), and whether not suitable."""

    candidate: Candidate
    facts: Sequence[SummaryRow]
    place: int
    refused: bool


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """All that one page of the candidates shows besides its form."""

    kind: ApplicationKind
    seat_id: UUID
    reference: str
    call: str
    first: bool
    reserved: bool
    found: CandidateList
    number: int

    @property
    def size(self) -> int:
        """The number of candidates a page."""
        return PAGE

    @property
    def cards(self) -> Sequence[Card]:
        """The candidates of this page."""
        first = (self.number - 1) * PAGE
        return [self._card(candidate) for candidate in self.found.items[first : first + PAGE]]

    @property
    def groups(self) -> Sequence[Sequence[Card]]:
        """The groups, on the first page only."""
        groups = self.found.groups if self.number == 1 else []
        return [[self._card(member) for member in group.members] for group in groups]

    def _card(self, candidate: Candidate) -> Card:
        order, refused = self.found.choices.order, self.found.choices.not_suitable
        return Card(
            candidate,
            facts_of(candidate),
            order.index(candidate.application_id) + 1 if candidate.application_id in order else 0,
            any(each.application_id == candidate.application_id for each in refused),
        )


async def candidate_page(
    session: AsyncSession, principal: Principal, kind: ApplicationKind, seat_id: UUID, number: int = 1
) -> CandidatePage:
    """Return what a page of the candidates shows. Raises `Refused` (404)."""
    seat = await own_seat(session, principal, kind, seat_id)
    row = seat.row
    return CandidatePage(
        kind=kind,
        seat_id=row.id,
        reference=row.reference,
        call=seat.call.title,
        first=seat.call.terms.wishes is Wishes.WISHES_FIRST,
        reserved=seat.reserved,
        found=await _list(session, principal, seat),
        number=number,
    )


def facts_of(candidate: Candidate) -> list[SummaryRow]:
    """Return what a host or mentor sees of a candidate, as rows."""
    areas = [
        gettext("%(area)s (%(level)s)")
        % {
            "area": gettext("restricted") if known.area == RESTRICTED else labels.label(known.area),
            "level": level_in_words(known.level),
        }
        for known in candidate.expertise
    ]
    spoken = [f"{labels.tongue(known.language)} {labels.label(known.level)}" for known in candidate.languages]
    codes = (candidate.rank_group, candidate.service)
    rank, service = (None if code is None else labels.label(code) for code in codes)
    return [
        SummaryRow(gettext("Rank group"), rank),
        SummaryRow(gettext("Service"), service),
        SummaryRow(gettext("Areas of expertise"), ", ".join(areas) or None),
        SummaryRow(gettext("Languages"), ", ".join(spoken) or None),
    ]
