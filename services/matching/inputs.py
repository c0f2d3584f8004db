"""What decides a call's matching right now? Read from the store in one snapshot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from services.matching import store
from services.matching.engine import ledger
from services.matching.engine.problem import Exclusion
from services.matching.model.pool import Facts, Need, Place
from services.matching.store.facts import Candidate, Seat
from services.matching.store.pools import Standing
from services.matching.store.rows import Kept
from shared import clock
from shared.contracts import Part
from shared.contracts.applications import ApplicationProfile
from shared.contracts.calls import CallTerms
from shared.contracts.codes import CallState, PartnerStatus
from shared.contracts.mentors import MentorProfile
from shared.contracts.offers import OfferTerms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.store.facts import Call
    from services.matching.store.pools import Vacancy
    from shared.bus import Bus

P = TypeVar("P", bound=Part)
_KNOWN = 100_000
_known: dict[UUID, tuple[dict[str, Any], Part]] = {}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The facts of a call at one moment: `version` says at which, `standings` what the last matching made of them."""

    version: int
    call: Call
    facts: Facts
    standings: dict[UUID, Standing]
    vacancies: list[Vacancy]

    @property
    def open(self) -> bool:
        """Whether the call is still matched."""
        return self.call.state != CallState.CLOSED


class Known:
    """What was read of a call before, so that only what has been written since is read again."""

    def __init__(self) -> None:
        self.candidates, self.seats = Kept(Candidate), Kept(Seat)
        self.standings = Kept(Standing, "application_id")

    @property
    def pairs(self) -> int:
        """Candidates times seats, as far as they are known."""
        return len(self.candidates) * len(self.seats)


async def load(bus: Bus, call_id: UUID, known: Known | None = None) -> Inputs | None:
    """The inputs of a call; None while the call itself has not arrived."""
    async with bus.snapshot() as session:
        return await load_in(session, call_id, known)


async def load_in(session: AsyncSession, call_id: UUID, known: Known | None = None) -> Inputs | None:
    """The same within a transaction that is open; it should see one snapshot."""
    known = known or Known()
    pool = await store.pools.version(session, call_id)
    call = (await store.facts.calls(session, [call_id])).get(call_id)
    if pool is None or call is None:
        return None
    terms = _read(CallTerms, call_id, call.terms)
    today = clock.today()
    partners, exclusions, needs = await store.facts.register(session, terms.needs)
    inactive = await store.facts.inactive_organisations(session)
    seats = await known.seats.read(session, *store.facts.offered(call_id))
    candidates = await known.candidates.read(session, *store.facts.eligible(call_id))
    # Ten thousand profiles take a second to read: meanwhile the loop serves others.
    profiles, places = await asyncio.to_thread(_understood, candidates, seats, inactive)
    matches = await store.matches.of_call(session, call_id)
    given_back: set[UUID] = set()
    taken: Mapping[UUID, Mapping[date, int]] = {}
    if matches:  # nothing is given back or taken without one
        given_back |= await store.mentorships.ended_matches(session, call_id)
        given_back |= await store.visits.missed(session, call_id)
        taken = await store.visits.taken_weeks(session, list(seats))
    facts = Facts(
        call_id=call_id,
        terms=terms,
        day=today,
        cohort=pool.cohort,
        candidates=profiles,
        places=places,
        matches=matches,
        given_back=frozenset(given_back),
        taken=taken,
        suspended={row.country: row.since for row in partners if row.status == PartnerStatus.SUSPENDED},
        exclusions=tuple(
            Exclusion(
                first=row.first, second=row.second, since=row.since, until=row.until, confidential=row.confidential
            )
            for row in exclusions
        ),
        needs=tuple(
            Need(row.country, row.topic, row.area)
            for row in needs
            if not row.withdrawn and row.since <= today <= row.until
        ),
        reciprocity=ledger.points(await store.ledger.days_between(session)),
        incomplete=await store.facts.incomplete_groups(session, call_id),
    )
    standings = await known.standings.read(session, *store.pools.of_call(call_id))
    return Inputs(pool.input_version, call, facts, standings, await store.pools.vacancies(session, call_id))


def _understood(
    candidates: Mapping[UUID, Candidate], seats: Mapping[UUID, Seat], inactive: set[UUID]
) -> tuple[dict[UUID, ApplicationProfile], dict[UUID, Place]]:
    """The rows in the words of the contracts; nobody is eligible of an organisation that takes part in nothing new."""
    return {
        row.id: _read(ApplicationProfile, row.id, row.profile)
        for row in candidates.values()
        if row.organisation_id not in inactive
    }, {row.id: _place(row, inactive) for row in seats.values()}


def _place(row: Seat, inactive: set[UUID]) -> Place:
    return place_of(row, available=row.state == "published" and row.organisation_id not in inactive)


def place_of(row: Seat, *, available: bool = True) -> Place:
    """An offer or a mentor in the words of the pool."""
    if row.kind == "placement":
        return Place(row.id, _read(OfferTerms, row.id, row.terms), available)
    return Place(row.id, _read(MentorProfile, row.id, row.terms), available)


def _read(part: type[P], subject: UUID, document: dict[str, Any]) -> P:
    """A part of a contract in a row; what has not changed since it was read last is not read again."""
    known = _known.get(subject)
    if known is not None and known[0] == document and isinstance(known[1], part):
        return known[1]
    if len(_known) >= _KNOWN:
        _known.clear()
    read = part.model_validate(document)
    _known[subject] = document, read
    return read
