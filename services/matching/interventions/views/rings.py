"""Read exchange rings: those possible now, those proposed, and what one costs."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.engine.explain.receipt import Why
from services.matching.engine.interventions import rings as engine
from services.matching.engine.interventions.manual import Price
from services.matching.facts import views as facts
from services.matching.facts.store import pools
from services.matching.facts.store.pools import Standing
from services.matching.facts.views import Applicant, CallSummary, Place
from services.matching.lifecycle import views as lifecycle
from services.matching.lifecycle.views import ProposedRing
from services.matching.words import stage
from shared.contracts.base import Country
from shared.contracts.codes import HardRule
from shared.i18n import gettext, number
from shared.web.read_models import ReadModel
from shared.web.several import Facts


class PossibleLeg(ReadModel):
    """An officer of a possible ring, the placement for the officer, and why there is no place now."""

    application_id: UUID
    reference: Annotated[str, Field(examples=["MD-2026-0001"])]
    country: Country
    organisation_id: UUID
    organisation: Annotated[str | None, Field(description="Name of the sending agency.")]
    offer_id: UUID
    offer: Annotated[str, Field(examples=["PL-FR-0012"])]
    host_country: Country
    host_organisation_id: UUID
    host_organisation: Annotated[str | None, Field(description="Name of the hosting agency.")]
    score: Annotated[int, Field(description="Points that the officer gains.")]
    host_score: Annotated[int, Field(description="Points that the host prefers by.")]
    why: Why | None
    rule: HardRule | None


class PossibleRing(ReadModel):
    """A ring that could be proposed now, with the sum of its points."""

    points: int
    legs: tuple[PossibleLeg, ...]

    @property
    def pairs(self) -> list[str]:
        """Return the pairs as a form names them."""
        return [f"{leg.application_id}/{leg.offer_id}" for leg in self.legs]


class Rings(ReadModel):
    """The rings of a call: those proposed, and for the programme coordinator those possible now.

    `total` is the sum of points of the possible ones; no set of rings has more than `bound`. Both are null for others.
    """

    proposed: tuple[ProposedRing, ...]
    possible: tuple[PossibleRing, ...]
    total: int | None
    bound: int | None


class RingPrice(ReadModel):
    """The effect of making a ring: applications that gain, lose or change a provisional place, and points."""

    gain: tuple[UUID, ...]
    lose: tuple[UUID, ...]
    move: tuple[UUID, ...]
    points: Annotated[int, Field(description="By how much the sum of points changes.")]
    blocking_pairs: int


class RingMatches(ReadModel):
    """A ring that was proposed: its run, and the match of each application."""

    ring_id: UUID
    run_id: UUID
    matches: dict[UUID, UUID]


@dataclass(frozen=True, slots=True)
class RingConfirmation:
    """A ring to be confirmed: its legs, and whom it costs or gives a provisional place besides."""

    call: CallSummary
    legs: Sequence[tuple[Applicant, Place]]
    pairs: Sequence[str]
    points: int
    blocking_pairs: int
    lose: Sequence[str]
    move: Sequence[str]
    gain: Sequence[str]

    @property
    def facts(self) -> dict[UUID, Facts]:
        """Return its legs in words, by application, and what it costs, by the call."""
        legs = {
            person.id: _leg_facts(person.reference, person.country, place.reference, place.country)
            for person, place in self.legs
        }
        costs = (
            (gettext("Lose a provisional place"), ", ".join(self.lose)),
            (gettext("Change to another place"), ", ".join(self.move)),
            (gettext("Also gain a place"), ", ".join(self.gain)),
            (gettext("Sum of points"), number(self.points)),
            (gettext("Blocking pairs with the ring"), number(self.blocking_pairs)),
        )
        return {**legs, self.call.id: costs}


def possible_facts(leg: PossibleLeg) -> Facts:
    """Return a leg of a possible ring in words."""
    return _leg_facts(leg.reference, leg.country, leg.offer, leg.host_country)


def _leg_facts(reference: str, country: str, offer: str, host_country: str) -> Facts:
    """Return a leg of a possible ring in words: neither officer nor place has a match."""
    return lifecycle.pair_facts(reference, country, offer, host_country, stage("offer", "published").word)


async def possible_rings(session: AsyncSession, call_id: UUID, found: engine.Rings) -> tuple[PossibleRing, ...]:
    """Return possible rings with the references of their legs, and why each has no place now."""
    legs = [leg for ring in found.rings for leg in ring.legs]
    people = await facts.applicants(session, {UUID(leg.candidate_id) for leg in legs})
    places = await facts.places(session, {UUID(leg.seat_id) for leg in legs})
    names = await facts.organisation_names(session, {UUID(leg.agency) for leg in legs})
    standings = await pools.standings(session, call_id) if legs else {}
    return tuple(
        PossibleRing(points=ring.weight, legs=tuple(_leg(leg, people, places, names, standings) for leg in ring.legs))
        for ring in found.rings
    )


def _leg(
    leg: engine.Leg,
    people: Mapping[UUID, Applicant],
    places: Mapping[UUID, Place],
    names: Mapping[UUID, str],
    standings: Mapping[UUID, Standing],
) -> PossibleLeg:
    application_id, offer_id = UUID(leg.candidate_id), UUID(leg.seat_id)
    standing = standings.get(application_id)
    return PossibleLeg(
        application_id=application_id,
        reference=people[application_id].reference,
        country=people[application_id].country,
        organisation_id=UUID(leg.agency),
        organisation=names.get(UUID(leg.agency)),
        offer_id=offer_id,
        offer=places[offer_id].reference,
        host_country=places[offer_id].country,
        host_organisation_id=UUID(leg.host_agency),
        host_organisation=names.get(UUID(leg.host_agency)),
        score=leg.gain,
        host_score=leg.preference,
        why=Why(standing.reason) if standing is not None and standing.reason else None,
        rule=HardRule(standing.rule) if standing is not None and standing.rule else None,
    )


async def ring_confirmation(
    session: AsyncSession, call_id: UUID, pairs: Mapping[UUID, UUID], cost: Price
) -> RingConfirmation:
    """Return a ring with the references of its legs, and of those whom it touches."""
    call, _ = await facts.known_call(session, call_id)
    touched = {UUID(application) for application in (*cost.gain, *cost.lose, *cost.move)}
    people = await facts.applicants(session, {*pairs, *touched})
    places = await facts.places(session, set(pairs.values()))

    def references(applications: Collection[str]) -> list[str]:
        return [
            people[UUID(application_id)].reference
            for application_id in applications
            if UUID(application_id) not in pairs
        ]

    return RingConfirmation(
        call=call,
        legs=[(people[application], places[offer]) for application, offer in pairs.items()],
        pairs=[f"{application}/{offer}" for application, offer in pairs.items()],
        points=cost.points,
        blocking_pairs=cost.blocking_pairs,
        lose=references(cost.lose),
        move=references(cost.move),
        gain=references(cost.gain),
    )
