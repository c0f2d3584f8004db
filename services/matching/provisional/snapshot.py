"""Read the facts of a call in one snapshot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from services.matching.engine.problem.problem import Exclusion
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.facts.store.facts import Call, Candidate, Seat
from services.matching.facts.store.facts import Exclusion as ExclusionRow
from services.matching.facts.store.pools import Standing
from services.matching.lifecycle.store import matches as lifecycle_matches
from services.matching.lifecycle.store import visits
from services.matching.lifecycle.store.matches import MatchRow
from services.matching.provisional.model.problem import NO_CHOICES, Facts, Need, Place
from services.matching.provisional.store import changes
from services.matching.provisional.store.changes import RowCache
from services.matching.reciprocity import model as reciprocity_model
from services.matching.reciprocity import store as reciprocity_store
from shared.bus.set_aside import reason_of
from shared.contracts import Part
from shared.contracts.applications import ApplicationProfile
from shared.contracts.calls import CallTerms
from shared.contracts.codes import CallState
from shared.contracts.mentors import MentorProfile
from shared.contracts.offers import CandidateChoices, OfferTerms
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.facts.store.pools import Vacancy
    from shared.bus import Bus

P = TypeVar("P", bound=Part)
_KNOWN = 100_000
_known: dict[UUID, tuple[dict[str, Any], Part]] = {}
_chosen: dict[UUID, tuple[dict[str, Any], CandidateChoices]] = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts of a call at one `version`, with the `standings` of the last matching.

    `aside` are the applications, offers and mentors that cannot be read, each with the reason: they are not in the
    facts, and are in them again as soon as they can be read.
    """

    version: int
    call: Call
    facts: Facts
    standings: dict[UUID, Standing]
    vacancies: list[Vacancy]
    aside: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Return whether the call is still matched."""
        return self.call.state != CallState.CLOSED


class KnownRows:
    """The rows of a call read before, so that only newer ones are read again."""

    def __init__(self) -> None:
        self.calls, self.exclusions = RowCache(Call), RowCache(ExclusionRow)
        self.candidates, self.seats, self.matches = RowCache(Candidate), RowCache(Seat), RowCache(MatchRow)
        self.standings = RowCache(Standing, "application_id")

    @property
    def pairs(self) -> int:
        """Candidates times seats, as far as they are known."""
        return len(self.candidates) * len(self.seats)


async def load(bus: Bus, call_id: UUID, rows: KnownRows | None = None) -> Snapshot | None:
    """Return the snapshot of a call; None while the call itself has not arrived."""
    async with bus.snapshot() as session:
        return await load_in(session, call_id, rows)


async def load_in(session: AsyncSession, call_id: UUID, rows: KnownRows | None = None) -> Snapshot | None:
    """Return the same within an open transaction, which should see one snapshot."""
    rows = rows or KnownRows()
    written = await changes.of_call(session, call_id)
    call = None if written is None else (await rows.calls.read(session, written.call)).get(call_id)
    if written is None or call is None:
        return None
    terms = _read(CallTerms, call_id, call.terms)
    today = clock.today()
    needs = await store.needs(session, terms.needs) if terms.needs else []
    exclusions = await rows.exclusions.read(session, written.exclusions)
    seats = await rows.seats.read(session, written.seats)
    candidates = await rows.candidates.read(session, written.candidates)
    # Ten thousand profiles take a second to read: meanwhile the loop serves others.
    profiles, places, aside = await asyncio.to_thread(_understood, candidates, seats, written.inactive)
    matches = [lifecycle_matches.read(row) for row in (await rows.matches.read(session, written.matches)).values()]
    facts = Facts(
        call_id=call_id,
        terms=terms,
        day=today,
        cohort=written.cohort,
        candidates=profiles,
        places=places,
        matches=matches,
        given_back=written.given_back,
        # Nothing is taken without a match.
        taken=await visits.taken_weeks(session, list(seats)) if matches else {},
        suspended=await store.suspended(session) if written.suspended else {},
        exclusions=tuple(
            Exclusion(
                first=row.first, second=row.second, since=row.since, until=row.until, confidential=row.confidential
            )
            for row in exclusions.values()
        ),
        needs=tuple(
            Need(row.country, row.topic, row.area)
            for row in needs
            if not row.withdrawn and row.since <= today <= row.until
        ),
        reciprocity=reciprocity_model.points(await reciprocity_store.days_between(session) if written.stays else {}),
        incomplete=written.incomplete,
    )
    standings = await rows.standings.read(session, written.standings)
    vacancies = await pools.vacancies(session, call_id) if written.vacant else []
    return Snapshot(written.version, call, facts, standings, vacancies, aside)


def _understood(
    candidates: Mapping[UUID, Candidate], seats: Mapping[UUID, Seat], inactive: frozenset[UUID]
) -> tuple[dict[UUID, ApplicationProfile], dict[UUID, Place], dict[UUID, str]]:
    """Return the rows as contracts, and why some cannot be read.

    Applications of an inactive organisation are not eligible.
    """
    profiles: dict[UUID, ApplicationProfile] = {}
    places: dict[UUID, Place] = {}
    aside: dict[UUID, str] = {}
    for row in candidates.values():
        if row.organisation_id not in inactive:
            try:
                profiles[row.id] = _read(ApplicationProfile, row.id, row.profile)
            except ValidationError as error:
                aside[row.id] = reason_of(error)
    for seat in seats.values():
        try:
            places[seat.id] = _place(seat, inactive)
        except ValidationError as error:
            aside[seat.id] = reason_of(error)
    return profiles, places, aside


def _place(row: Seat, inactive: frozenset[UUID]) -> Place:
    return place_of(row, available=row.state == "published" and row.organisation_id not in inactive)


def place_of(row: Seat, *, available: bool = True) -> Place:
    """Return an offer or a mentor as the problem takes it."""
    choices = _choices(row)
    if row.kind == "placement":
        return Place(row.id, _read(OfferTerms, row.id, row.terms), available, choices)
    return Place(row.id, _read(MentorProfile, row.id, row.terms), available, choices)


def _choices(row: Seat) -> CandidateChoices:
    """Return what a host or mentor says of candidates; the same object while it has not changed."""
    known = _chosen.get(row.id)
    if not row.choices:
        return NO_CHOICES
    if known is not None and known[0] == row.choices:
        return known[1]
    if len(_chosen) >= _KNOWN:
        _chosen.clear()
    _chosen[row.id] = row.choices, row.candidate_choices
    return _chosen[row.id][1]


def _read(part: type[P], subject: UUID, document: dict[str, Any]) -> P:
    """Return a part of a contract in a row; parsed again only if it has changed since the last time."""
    known = _known.get(subject)
    if known is not None and known[0] == document and isinstance(known[1], part):
        return known[1]
    if len(_known) >= _KNOWN:
        _known.clear()
    read = part.model_validate(document)
    _known[subject] = document, read
    return read
