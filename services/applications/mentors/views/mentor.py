"""Read a mentor's profile: as the API answers it, and with all that its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue

from services.applications.calls import store as calls_store
from services.applications.display import entry_rows
from services.applications.fields import Reading, fields_of
from services.applications.matches.store import matches
from services.applications.mentors import store
from services.applications.mentors.model import MentorEntry, revisable, writable
from services.applications.placements.model.revision import is_over
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.base import Country
from shared.contracts.codes import AudienceKind, CallState, CloseCause, MentorState, PartnerStatus, PauseCause, Role
from shared.identity.scope import is_self, may_clear
from shared.next_steps import MentorFacts, profile_standing
from shared.time import clock
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.display import SummaryRow
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal
    from shared.next_steps import Described


class MentorContent(MentorEntry):
    """The content of a mentor's profile, with every field."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Mentor(ReadModel):
    """A mentor's profile for a call as it is now, with what the mentor has written."""

    id: UUID
    reference: Annotated[str, Field(examples=["LT-M-2026-0003"])]
    call_id: UUID
    organisation_id: UUID
    country: Country
    state: MentorState
    since: Annotated[AwareDatetime, Field(description="When it came into its state.")]
    due: Annotated[AwareDatetime | None, Field(description="Until when the mentor is asked whether there is time.")]
    cause: Annotated[PauseCause | CloseCause | None, Field(description="Why it pauses or is closed.")]
    awaits_answer: Annotated[bool, Field(description="Whether the mentor is asked if there is still time.")]
    whole: Annotated[
        bool,
        Field(description="Whether you read all of it; else `about` and restricted areas of expertise are left out."),
    ]
    restricted_areas: Annotated[int, Field(description="How many areas of expertise are left out.")]
    entry: MentorContent
    unaccepted: Annotated[
        dict[str, JsonValue],
        Field(
            description="What is no longer accepted, by field, as it was written; it reads as open in `entry`."
            " Only for those who read all of it.",
            examples=[{"capacity": 12}],
        ),
    ]

    @property
    def writable(self) -> bool:
        """Return whether the mentor may change it."""
        return writable(self.state, self.cause)

    @property
    def revisable(self) -> bool:
        """Return whether a change is a revision."""
        return revisable(self.state, self.cause)

    @classmethod
    def of(cls, row: store.Mentor, principal: Principal, **more: int) -> Self:
        """Return a stored profile as the principal may read it; `more` are fields of a subclass."""
        entry, whole = MentorContent.from_stored(row.entry_json), _reads_all(principal, row)
        visible_areas = (
            entry.expertise
            if whole
            else tuple(expertise for expertise in entry.expertise if not expertise.area.restricted)
        )
        left_out = len(entry.expertise) - len(visible_areas)
        if not whole:
            entry = entry.model_copy(update={"about": "", "expertise": visible_areas})
        return cls.model_validate(
            {
                "id": row.id,
                "reference": row.reference,
                "call_id": row.call_id,
                "organisation_id": row.organisation_id,
                "country": row.country,
                "state": row.state,
                "since": row.since,
                "due": row.due,
                "cause": row.cause,
                "awaits_answer": row.awaits_answer,
                "whole": whole,
                "restricted_areas": left_out,
                "entry": entry,
                "unaccepted": entry.unaccepted if whole else {},
            }
            | more
        )


def _reads_all(principal: Principal, row: store.Mentor) -> bool:
    """Return whether the principal reads the whole profile: the mentor, and the coordinator of the country."""
    return is_self(principal, row.subject) or may_clear(principal, row.country, row.organisation_id)


async def readable_mentor(session: AsyncSession, principal: Principal, mentor_id: UUID) -> Mentor:
    """Return a profile that the principal may read: the principal's own, and of the country what is no draft.

    Raises `Refused` (404).
    """
    return Mentor.of(await _readable(session, principal, mentor_id), principal)


async def _readable(session: AsyncSession, principal: Principal, mentor_id: UUID) -> store.Mentor:
    row = await store.mentor(session, mentor_id)
    if row is None:
        raise not_found()
    country = may_clear(principal, row.country, row.organisation_id)
    coordinates = country or principal.has(Role.PROGRAMME_COORDINATOR)
    published = row.stands is not MentorState.DRAFT
    own = principal.has(Role.MENTOR) and is_self(principal, row.subject)
    if not own and not (published and coordinates):
        raise not_found()
    return row


@dataclass(frozen=True, slots=True)
class MentorDetails:
    """All that the page of a profile shows; `name` is empty for readers who may not know it."""

    mentor: Mentor
    rows: Sequence[SummaryRow]
    mine: bool
    name: str
    mentees: int
    call_title: str
    call_is_open: bool
    standing: Described


async def mentor_details(session: AsyncSession, principal: Principal, mentor_id: UUID) -> MentorDetails:
    """Return a profile that the principal may read, with its call and mentees. Raises `Refused` (404)."""
    row = await _readable(session, principal, mentor_id)
    call = await calls_store.call(session, row.call_id)
    people = await entries.people_by_subject(session, [row.subject])
    mine = is_self(principal, row.subject)
    mentees = (await matches.mentee_counts(session, [mentor_id]))[mentor_id]
    call_is_open = call is not None and call.state == CallState.PUBLISHED
    status = await entries.partner_status(session, row.country, clock.today())
    mentor = Mentor.of(row, principal)
    facts = MentorFacts(
        state=mentor.state,
        due=mentor.due,
        cause=mentor.cause,
        call_open=call_is_open,
        suspended=status is PartnerStatus.SUSPENDED,
        over=is_over(mentor.entry, clock.today()),
        full=mentees >= mentor.entry.capacity,
    )
    return MentorDetails(
        mentor=mentor,
        rows=shown_rows(principal, row),
        mine=mine,
        name=name_for(principal, row, people),
        mentees=mentees,
        call_title=call.title if call else "",
        call_is_open=call_is_open,
        standing=profile_standing(facts, {AudienceKind.MENTOR} if mine else ()),
    )


def name_for(principal: Principal, row: store.Mentor, people: Mapping[str, entries.Person]) -> str:
    """Return the mentor's name for the coordinator of the country, who keeps its register; else empty."""
    person = people.get(row.subject)
    own = may_clear(principal, row.country, row.organisation_id)
    return person.name if person is not None and own else ""


@dataclass(frozen=True, slots=True)
class FormContext:
    """The facts that the form of a profile needs besides its fields."""

    mentor: Mentor
    call_title: str
    terms: CallTerms


async def edit_form(session: AsyncSession, principal: Principal, mentor_id: UUID) -> FormContext:
    """Return what the form of the principal's own profile needs. Raises `Refused` (404)."""
    row = await store.mentor(session, mentor_id)
    if row is None or not is_self(principal, row.subject):
        raise not_found()
    call = await calls_store.call(session, row.call_id)
    assert call is not None
    return FormContext(Mentor.of(row, principal), call.title, call.terms)


def shown_rows(principal: Principal, mentor: store.Mentor) -> list[SummaryRow]:
    """Return the rows of a profile that the principal may read."""
    whole = _reads_all(principal, mentor)
    return rows(mentor.entry, own=whole, about=whole)


_SHOWN = tuple(name for name, spec in fields_of(MentorEntry).items() if spec.shown)


def rows(entry: MentorEntry, *, own: bool, about: bool) -> list[SummaryRow]:
    """Return the profile as the rows of a summary list.

    Readers outside the mentor's country see restricted areas only as restricted (`domain.md`); `about`, the mentor's
    text, is for those who know the name.
    """
    return entry_rows(entry, [name for name in _SHOWN if about or name != "about"], Reading(restricted=not own))
