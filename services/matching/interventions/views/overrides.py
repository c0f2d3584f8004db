"""Read what an override of the matching can choose from, and what it costs."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.engine.interventions.manual import Override
from services.matching.facts import views as facts
from services.matching.facts.views import Applicant, Place
from services.matching.lifecycle.model.match import Match
from services.matching.lifecycle.store import matches
from services.matching.words import rule_name
from shared.contracts.codes import HardRule, MatchState, NotSuitableReason
from shared.errors import Refused
from shared.i18n import gettext, ngettext, number
from shared.web.read_models import ReadModel
from shared.web.several import Facts


class OverridePrice(ReadModel):
    """The price of assigning a place manually: rules that are overridden or forbid it, points, and losses of others.

    `forbidden` are rules that apply to everybody and that the pair breaks: then it is not possible.
    """

    forbidden: tuple[HardRule, ...]
    waived: tuple[HardRule, ...]
    points_lost: Annotated[int, Field(description="By how much the sum of points falls; below 0 it rises.")]
    blocking_pairs_made: int
    lose_a_place: tuple[UUID, ...]
    get_another_place: tuple[UUID, ...]
    supersedes: Annotated[tuple[UUID, ...], Field(description="Matches that the new one ends.")]
    may_give_way: Annotated[tuple[UUID, ...], Field(description="Unconfirmed matches at the place.")]


class OverrideMatch(ReadModel):
    """The new match of an override, which both countries are asked to clear."""

    match_id: UUID


@dataclass(frozen=True, slots=True)
class OverrideChoice:
    """An application with the places of its call: those that are free, and full ones where a match can give way."""

    applicant: Applicant
    free: Sequence[Place]
    full: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Yielding:
    """A match that may give way, by the reference of its application."""

    match_id: UUID
    reference: str
    state: MatchState


@dataclass(frozen=True, slots=True)
class OverrideConfirmation:
    """An override to be confirmed, with the references of those whom it touches; `own` is the place it replaces.

    `unsuitable` is why the host or mentor finds the application not suitable, if so.
    """

    application_id: UUID
    reference: str
    place: Place
    own: Place | None
    losers: Sequence[str]
    movers: Sequence[str]
    may_yield: Sequence[Yielding]
    unsuitable: NotSuitableReason | None = None


def cost_facts(view: OverrideConfirmation, price: Override) -> Facts:
    """Return the cost of an override in words, as its page shows it."""
    points = gettext("as before")
    if price.points > 0:
        points = ngettext("%(num)d point less", "%(num)d points less", price.points) % {"num": price.points}
    elif price.points < 0:
        points = ngettext("%(num)d point more", "%(num)d points more", -price.points) % {"num": -price.points}
    nobody = gettext("nobody")
    return [
        (gettext("Overridden rules"), ", ".join(map(rule_name, price.waived)) or gettext("none")),
        (gettext("Sum of points"), points),
        (gettext("Pairs who would prefer each other"), number(price.blocking)),
        (gettext("Loses a place"), ", ".join(view.losers) or nobody),
        (gettext("Gets another place"), ", ".join(view.movers) or nobody),
        (gettext("Replaced match"), view.own.reference if view.own else gettext("none")),
    ]


async def override_choice(session: AsyncSession, application_id: UUID) -> OverrideChoice:
    """Return an application with the places that it can be put to. Raises `Refused` (404) if there is none."""
    applicant = (await facts.applicants(session, [application_id])).get(application_id)
    if applicant is None:
        raise Refused(gettext("There is no such application."), 404)
    places = await facts.places_of_kind(session, applicant.call_id, applicant.kind)
    ids = [place.id for place in places]
    capacities, counts = await facts.capacities(session, ids), await matches.occupancy(session, ids)
    free, full = [], []
    for place in places:
        there = counts.get(place.id, Counter())
        if there.total() < capacities[place.id]:
            free.append(place)
        elif there.total() > there[MatchState.CONFIRMED]:
            full.append(place)
    return OverrideChoice(applicant, free, full)


async def override_confirmation(
    session: AsyncSession,
    application_id: UUID,
    seat_id: UUID,
    price: Override,
    own: Match | None,
    may_yield: Sequence[Match],
) -> OverrideConfirmation:
    """Return an override with the references of those whom it touches."""
    touched = {UUID(application) for application in (*price.losers, *price.movers)}
    touched |= {match.pairing.application_id for match in may_yield} | {application_id}
    people = await facts.applicants(session, touched)
    names = {id_: applicant.reference for id_, applicant in people.items()}
    places = await facts.places(session, {seat_id} | ({own.seat_id} if own else set()))
    return OverrideConfirmation(
        application_id=application_id,
        reference=names.get(application_id, ""),
        place=places[seat_id],
        own=places.get(own.seat_id) if own else None,
        losers=[names.get(UUID(application), "") for application in price.losers],
        movers=[names.get(UUID(application), "") for application in price.movers],
        unsuitable=await facts.why_unsuitable(session, seat_id, application_id),
        may_yield=[Yielding(match.id, names.get(match.pairing.application_id, ""), match.state) for match in may_yield],
    )
