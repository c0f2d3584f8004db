"""Read the calls, places and applicants that pages and answers name."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.facts.store import facts, pools
from services.matching.facts.store.facts import Call, Seat
from shared.contracts.base import Country
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationKind, CallState, NotSuitableReason
from shared.errors import Refused
from shared.i18n import gettext
from shared.web.read_models import ReadModel


class CallSummary(ReadModel):
    """A call, in short."""

    id: UUID
    reference: Annotated[str, Field(examples=["TDM-2026-01"])]
    title: str
    state: CallState


class Place(ReadModel):
    """A placement or a mentor of a call."""

    id: UUID
    reference: Annotated[str, Field(examples=["PL-FR-0012"])]
    title: str
    country: Country
    organisation_id: UUID


@dataclass(frozen=True, slots=True)
class Applicant:
    """An application by its reference, without the officer's name."""

    id: UUID
    call_id: UUID
    kind: ApplicationKind
    reference: str
    country: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Several calls in an order, with the terms of each."""

    summaries: Sequence[CallSummary]
    _rows: Mapping[UUID, Call]

    def get(self, call_id: UUID | None) -> CallSummary | None:
        """Return one of the calls; None if it is not among them."""
        return next((call for call in self.summaries if call.id == call_id), None)

    def terms(self, call_id: UUID) -> CallTerms | None:
        """Return the terms of one of the calls; None if it is not among them."""
        row = self._rows.get(call_id)
        return None if row is None else row.parsed_terms

    def scheme(self, call_id: UUID | None) -> str:
        """Return the scheme of priority topics of one of the calls; empty if it is not among them."""
        terms = None if call_id is None else self.terms(call_id)
        return terms.scheme if terms is not None else ""


def _calls(rows: Sequence[Call]) -> Calls:
    summaries = [CallSummary(id=row.id, reference=row.reference, title=row.title, state=row.state) for row in rows]
    return Calls(summaries, {row.id: row for row in rows})


async def all_calls(session: AsyncSession) -> Calls:
    """Return all calls: open ones first, then the newest."""
    return _calls(await facts.all_calls(session))


async def some_calls(session: AsyncSession, call_ids: Collection[UUID]) -> Calls:
    """Return the calls with these ids, as far as they have arrived."""
    return _calls(list((await facts.calls(session, call_ids)).values()))


async def known_call(session: AsyncSession, call_id: UUID) -> tuple[CallSummary, CallTerms]:
    """Return a call and its terms. Raises `Refused` (404) if there is none."""
    row = (await facts.calls(session, [call_id])).get(call_id)
    if row is None:
        raise Refused(gettext("This call does not exist."), 404)
    return _calls([row]).summaries[0], row.parsed_terms


def place_of(row: Seat) -> Place:
    """Return the view of an offer or a mentor."""
    return Place.model_validate(row, from_attributes=True)


async def places(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Place]:
    """Return the offers and mentors with these ids, as far as they have arrived."""
    return {id_: place_of(row) for id_, row in (await facts.seats(session, ids)).items()}


async def why_unsuitable(session: AsyncSession, seat_id: UUID, application_id: UUID) -> NotSuitableReason | None:
    """Return why a host or mentor finds an application not suitable; None where nothing of the kind was said."""
    seat = (await facts.seats(session, [seat_id])).get(seat_id)
    refused = () if seat is None else seat.candidate_choices.not_suitable
    return next((each.reason for each in refused if each.application_id == application_id), None)


async def places_of_kind(session: AsyncSession, call_id: UUID, kind: ApplicationKind) -> list[Place]:
    """Return the published or paused places of a call for one kind of application, by reference."""
    wanted = "placement" if kind is ApplicationKind.STUDY_VISIT else "mentor"
    rows = await facts.seats_of(session, call_id, wanted)
    return sorted((place_of(row) for row in rows), key=lambda place: place.reference)


async def capacities(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many guests or mentees these offers and mentors take in all."""
    return {
        id_: row.placement_terms.places if row.kind == "placement" else row.mentor_profile.capacity
        for id_, row in (await facts.seats(session, ids)).items()
    }


async def applicants(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Applicant]:
    """Return the applications with these ids, as far as they have arrived."""
    found = await facts.candidates(session, ids)
    return {
        id_: Applicant(id_, row.call_id, ApplicationKind(row.kind), row.reference, row.country)
        for id_, row in found.items()
    }


async def organisation_names(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the published names of organisations."""
    return await facts.organisation_names(session, ids)


async def versions(session: AsyncSession, call_id: UUID) -> tuple[int | None, int | None]:
    """Return the version of a call's facts, and the one that was matched last; None where there is none yet."""
    pool = await pools.version(session, call_id)
    return (None, None) if pool is None else (pool.input_version, pool.matched_version)
