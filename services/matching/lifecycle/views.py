"""Read matches, visits, mentorships and exchange rings within a reader's reach."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.facts.store import facts
from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.model import visit as visits
from services.matching.lifecycle.store import history
from services.matching.lifecycle.store import matches as store
from services.matching.lifecycle.store import rings as rings_store
from services.matching.words import match_stage, stage
from shared.contracts import labels
from shared.contracts.base import Country
from shared.contracts.codes import ApplicationState, MatchState, Party, Reason, VisitState
from shared.contracts.matches import MatchProposed, Pairing
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import Reach
from shared.time import dates
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel
from shared.web.several import Facts

MatchFilter = store.MatchFilter
_NAMED = 3
"""So many cases are named in a refusal: the others have mostly changed for the same reason."""

Reference = Annotated[str | None, Field(examples=["MD-2026-0001"])]
PlaceReference = Annotated[str | None, Field(examples=["PL-FR-0012"])]


class Match(ReadModel):
    """A match: who is matched with what, its state, and how it ended.

    `due` is the deadline of the next step; `by`, `reason` and `silent` say how it ended. A `reserve` is cleared
    beforehand for a place that another match has.
    """

    id: UUID
    pairing: Pairing
    seat_id: Annotated[UUID, Field(description="The offer or mentor.")]
    state: MatchState
    since: AwareDatetime
    due: AwareDatetime
    proposed_at: AwareDatetime
    run_id: UUID
    score: Annotated[int, Field(description="Points that the officer gains.", examples=[78])]
    next_in_line: Annotated[tuple[UUID, ...], Field(description="Applications that wait for the place, in order.")]
    home_cleared: bool
    host_cleared: bool
    applicant_accepted: bool
    host_accepted: bool
    by: Party | None
    reason: Reason | None
    silent: tuple[Party, ...]
    reserve: bool
    in_reserve: Annotated[bool, Field(description="It is a reserve and not over.")]


class RingLeg(ReadModel):
    """A match of an exchange ring; outside the reader's reach only its state is given.

    The officer goes to the agency of the next `place`, the last to that of the first.
    """

    place: int
    state: MatchState
    since: AwareDatetime
    stands: Annotated[bool, Field(description="The match still takes its place.")]
    match_id: UUID | None
    application_id: UUID | None
    reference: Reference
    offer: PlaceReference
    country: Country | None
    host_country: Country | None


class ProposedRing(ReadModel):
    """An exchange ring whose matches were proposed together."""

    ring_id: UUID
    proposed_at: AwareDatetime
    legs: tuple[RingLeg, ...]


def match_view(match: matches.Match) -> Match:
    """Return the view of a match."""
    return Match.model_validate(match, from_attributes=True)


async def match_of(session: AsyncSession, within: Reach, match_id: UUID) -> Match:
    """Return one match. Raises `Refused` (404) if there is none within reach."""
    found = await store.one_within(session, within, match_id)
    if found is None:
        raise Refused(gettext("This does not exist, or you may not see it."), 404)
    return match_view(found)


async def matches_page(session: AsyncSession, within: Reach, filters: MatchFilter, request: PageRequest) -> Page[Match]:
    """Return one page of the matches within reach, the newest first."""
    found = await store.listed(session, within, filters, request)
    return page_of(found, request, Match, match_view, lambda match: (match.id,))


async def matches_of(session: AsyncSession, application_id: UUID) -> list[Match]:
    """Return the matches of an application, the newest first."""
    return [match_view(match) for match in await store.of_application(session, application_id)]


async def where_they_stand(session: AsyncSession, reader: str, application_ids: Collection[UUID]) -> list[str]:
    """Return in words where the first of these applications stand; none of those that look for a place.

    It is for the programme coordinator (`reader`), and says whether the reader or somebody else proposed a match.
    """
    applications = await facts.candidates(session, application_ids)
    standing = await store.by_id(session, await store.open_matches_of(session, applications=application_ids))
    found = {match.pairing.application_id: match for match in standing.values() if match.takes_place}
    sentences: list[str] = []
    for id_, application in sorted(applications.items()):
        if len(sentences) == _NAMED:
            break
        if id_ in found:
            sentences.append(await _match_in_words(session, found[id_], application.reference, reader))
        elif application.state != ApplicationState.ELIGIBLE:
            values = {"reference": application.reference, "moment": dates.moment(application.changed_at)}
            state = stage("application", application.state).word
            sentences.append(gettext("%(reference)s: %(state)s since %(moment)s.") % (values | {"state": state}))
    return sentences


def pair_facts(
    reference: str,
    country: str,
    place: str,
    host_country: str,
    state: str,
    *,
    of_officer: str = "",
    at_place: str = "",
) -> Facts:
    """Return a pair in words: who, where, the word for the state of the place, and who of both has a match."""
    return (
        (gettext("Officer"), reference),
        (gettext("From"), labels.country(country)),
        (gettext("Place"), place),
        (gettext("Host country"), labels.country(host_country)),
        (gettext("State of the place"), state),
        (gettext("Match of the officer"), of_officer or gettext("None")),
        (gettext("Match at the place"), at_place or gettext("None")),
    )


async def pairs_in_words(
    session: AsyncSession, pairs: Mapping[UUID, UUID], reader: str | None = None
) -> dict[UUID, Facts]:
    """Return pairs (application -> place) in words, as far as both are known.

    With the `reader`, the programme coordinator, also where those stand who look for no place any more.
    """
    people = await facts.candidates(session, pairs)
    seats = await facts.seats(session, set(pairs.values()))
    found: dict[UUID, Facts] = {}
    for application_id, seat_id in pairs.items():
        person, seat = people.get(application_id), seats.get(seat_id)
        if person is None or seat is None:
            continue
        stands = [] if reader is None else await where_they_stand(session, reader, [application_id])
        taken = [] if reader is None else await who_has(session, reader, [seat_id])
        found[application_id] = pair_facts(
            person.reference,
            person.country,
            seat.reference,
            seat.country,
            stage("mentor" if seat.kind == "mentor" else "offer", seat.state).word,
            of_officer=" ".join(stands),
            at_place=" ".join(taken),
        )
    return found


async def last_match_in_words(session: AsyncSession, application_id: UUID) -> list[str]:
    """Return in words how the last match of an application ended; nothing if one stands, or there was none."""
    found = await store.of_application(session, application_id)
    application = (await facts.candidates(session, [application_id])).get(application_id)
    if not found or application is None or any(match.stands for match in found):
        return []
    last = max(found, key=lambda match: match.since)
    seat = (await facts.seats(session, [last.seat_id])).get(last.seat_id)
    values = {
        "reference": application.reference,
        "place": seat.reference if seat is not None else "",
        "state": match_stage(last.state, in_reserve=last.in_reserve).word,
        "moment": dates.moment(last.since),
    }
    return [
        gettext("%(reference)s has no match now. The last match was with %(place)s: %(state)s since %(moment)s.")
        % values
    ]


async def who_has(session: AsyncSession, reader: str, seat_ids: Collection[UUID]) -> list[str]:
    """Return in words which applications have the first of these offers and mentors, as `where_they_stand` does."""
    standing = await store.by_id(session, await store.open_matches_of(session, seats=seat_ids))
    found = [match for match in standing.values() if match.takes_place][:_NAMED]
    applications = await facts.candidates(session, [match.pairing.application_id for match in found])
    return [
        await _match_in_words(session, match, applications[match.pairing.application_id].reference, reader)
        for match in found
        if match.pairing.application_id in applications
    ]


async def _match_in_words(session: AsyncSession, match: matches.Match, reference: str, reader: str) -> str:
    """Return in words which place an application has, the state of its match, and who proposed it."""
    seat = (await facts.seats(session, [match.seat_id])).get(match.seat_id)
    values = {
        "reference": reference,
        "place": seat.reference if seat is not None else "",
        "state": match_stage(match.state, in_reserve=match.in_reserve).word,
        "moment": dates.moment(match.since),
    }
    sentence = gettext("%(reference)s has a match with %(place)s: %(state)s since %(moment)s.") % values
    past = await history.facts(session, MatchProposed.topic, match.id)
    proposer = next((each.actor for each in past if isinstance(each.event, MatchProposed)), None)
    if proposer is None or proposer.startswith("system:"):
        return sentence
    who = (
        gettext("You proposed this match.")
        if proposer == reader
        else gettext("Another coordinator proposed this match.")
    )
    return f"{sentence} {who}"


async def visits_in_words(session: AsyncSession, found: Sequence[visits.Visit]) -> list[str]:
    """Return the state of each visit in a sentence: its dates, those that are proposed, or that it is over."""
    applications = await facts.candidates(session, [visit.of.application_id for visit in found])
    return [_visit_in_words(visit, applications[visit.of.application_id].reference) for visit in found]


def _visit_in_words(visit: visits.Visit, reference: str) -> str:
    values = {"reference": reference, "moment": dates.moment(visit.since)}
    if visit.proposal is not None:
        days, due = visit.proposal.days, dates.moment(visit.proposal.due)
        values |= {"dates": dates.span(days[0], days[-1]), "due": due, "party": labels.label(visit.proposal.by)}
        sentence = gettext("The guest and host of %(reference)s must accept or refuse %(dates)s by %(due)s.") % values
        proposed = gettext("These dates were proposed on %(moment)s (%(party)s).") % values
        return f"{sentence} {proposed}"
    if visit.state is VisitState.SCHEDULED and visit.plan is not None:
        values |= {"dates": dates.span(visit.plan.start, visit.plan.end)}
        return gettext("The visit of %(reference)s has been planned for %(dates)s since %(moment)s.") % values
    values |= {"state": stage("visit", visit.state).word}
    return gettext("The visit of %(reference)s: %(state)s since %(moment)s.") % values


async def proposed_rings(session: AsyncSession, within: Reach, call_id: UUID | None) -> tuple[ProposedRing, ...]:
    """Return the newest rings that have a leg within reach, the newest first."""
    legs = await rings_store.legs(session, within, call_id)
    return tuple(_ring(ring_id, list(ring)) for ring_id, ring in groupby(legs, lambda leg: leg.ring_id))


async def ring_of(session: AsyncSession, within: Reach, match_id: UUID) -> tuple[RingLeg, ...]:
    """Return all legs of the ring of a match; none if it is part of no ring."""
    return tuple(_leg(leg) for leg in await rings_store.of_match(session, within, match_id))


def _ring(ring_id: UUID, legs: Sequence[Any]) -> ProposedRing:
    return ProposedRing(ring_id=ring_id, proposed_at=legs[0].proposed_at, legs=tuple(_leg(leg) for leg in legs))


def _leg(row: Any) -> RingLeg:
    whose: Any = row if row.within else None
    return RingLeg(
        place=row.place,
        state=row.state,
        since=row.since,
        stands=row.stands,
        match_id=whose and row.match_id,
        application_id=whose and row.application_id,
        reference=whose and row.reference,
        offer=whose and row.seat_reference,
        country=whose and row.country,
        host_country=whose and row.host_country,
    )
