"""Load, change and save the matches of one transaction.

`UnitOfWork` has the matches of one transaction with their visits and mentorships, takes the steps of the pure model
(new state and facts), and writes every table once: `save` gives confirmed matches their dates or their mentorship, and
notes which places fell free. The transitions are in `transitions.py`.

Locks are taken in one order, so that no two transactions wait for each other: the calls (table `pool`), then matches,
visits and mentorships, then the seats whose weeks are filled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.matching.activity import actions as activity
from services.matching.activity.store import Activity, about
from services.matching.facts import actions as facts_actions
from services.matching.facts.store import facts
from services.matching.facts.store import pools as store
from services.matching.facts.store.pools import Vacancy
from services.matching.lifecycle.actions import confirmation
from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.model import mentorship as mentorships
from services.matching.lifecycle.model import stays
from services.matching.lifecycle.model import visit as visits
from services.matching.lifecycle.store import matches as lifecycle_matches
from services.matching.lifecycle.store import mentorships as lifecycle_mentorships
from services.matching.lifecycle.store import visits as lifecycle_visits
from services.matching.reciprocity import actions as reciprocity
from services.matching.reciprocity import store as reciprocity_store
from services.matching.reciprocity.store import Stay
from shared.contracts.codes import (
    ApplicationKind,
    CallState,
    MatchState,
    Party,
    Reason,
    VisitState,
)
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from typing import Self
    from uuid import UUID

    from services.matching.facts.store.facts import Call, Candidate, Seat
    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.match import Step as MatchStep
    from services.matching.lifecycle.model.mentorship import Mentorship, Progress
    from services.matching.lifecycle.model.mentorship import Step as MentorshipStep
    from services.matching.lifecycle.model.visit import Step as VisitStep
    from services.matching.lifecycle.model.visit import Visit
    from shared.bus import Envelope, Tx
    from shared.contracts import Event
    from shared.contracts.calls import CallTerms


@dataclass(slots=True)
class UnitOfWork:
    """The matches that one transaction works on, locked until it ends; `visits` and `mentorships` are by match.

    `reserves` are those of the matches that are an application's reserve, by application.
    """

    tx: Tx
    matches: dict[UUID, Match]
    visits: dict[UUID, Visit]
    mentorships: dict[UUID, Mentorship]
    calls: dict[UUID, Call]
    candidates: dict[UUID, Candidate]
    seats: dict[UUID, Seat]
    waiting: set[UUID]
    attendance: dict[UUID, dict[date, bool]]
    progress: dict[UUID, Progress]
    silences: dict[UUID, int]
    stays: dict[UUID, Stay]
    reserves: dict[UUID, UUID]
    _changed: set[UUID] = field(default_factory=set)
    _changed_visits: set[UUID] = field(default_factory=set)
    _changed_mentorships: set[UUID] = field(default_factory=set)
    _confirmed: dict[UUID, Envelope | None] = field(default_factory=dict)
    _vacancies: list[Vacancy] = field(default_factory=list)
    _activity: list[Activity] = field(default_factory=list)
    _new_stays: dict[UUID, Stay | None] = field(default_factory=dict)
    _terms: dict[UUID, CallTerms] = field(default_factory=dict)

    @classmethod
    async def load(cls, tx: Tx, match_ids: Collection[UUID]) -> Self:
        """Read and lock these matches with all that belongs to them; unknown ids are left out."""
        session = tx.session
        await store.hold(session, match_ids)
        found = await lifecycle_matches.locked(session, match_ids)
        own_visits = await lifecycle_visits.locked_of_matches(session, list(found))
        own_mentorships = await lifecycle_mentorships.locked_of_matches(session, list(found))
        pairings = [match.pairing for match in found.values()]
        line = {application_id for match in found.values() for application_id in match.next_in_line}
        return cls(
            tx=tx,
            matches=found,
            visits=own_visits,
            mentorships=own_mentorships,
            calls=await facts.calls(session, {pairing.call_id for pairing in pairings}),
            candidates=await facts.candidates(session, {pairing.application_id for pairing in pairings}),
            seats=await facts.seats(session, {match.seat_id for match in found.values()}),
            waiting=await lifecycle_matches.still_waiting(session, line),
            attendance=await lifecycle_visits.attendance(session, [visit.id for visit in own_visits.values()]),
            progress=await lifecycle_mentorships.progress(
                session, [mentorship.id for mentorship in own_mentorships.values()]
            ),
            silences=dict(await lifecycle_matches.silences(session, [pairing.application_id for pairing in pairings])),
            stays=await reciprocity_store.of_visits(session, [visit.id for visit in own_visits.values()]),
            reserves={match.pairing.application_id: match.id for match in found.values() if match.in_reserve},
        )

    @classmethod
    async def for_proposals(cls, tx: Tx, applications: Collection[UUID], match_ids: Collection[UUID] = ()) -> Self:
        """Read and lock these matches and the reserves of the applications.

        Every proposal of new matches begins with it: a reserve that gets a place elsewhere ends.
        """
        return await cls.load(tx, {*match_ids, *await lifecycle_matches.reserves_of(tx.session, applications)})

    def missing(self, match_id: UUID) -> tuple[str, UUID] | None:
        """Return the topic and subject that a match still lacks (during a rebuild), if any.

        Raises LookupError for a match that matching never proposed.
        """
        match = self.matches.get(match_id)
        if match is None:
            raise LookupError("This match was never proposed here.")
        pairing = match.pairing
        seat_topic = "exchange.offers" if pairing.offer_id else "mentoring.mentors"
        for rows, topic, subject in (
            (self.calls, "exchange.calls", pairing.call_id),
            (self.candidates, "exchange.applications", pairing.application_id),
            (self.seats, seat_topic, match.seat_id),
        ):
            if subject not in rows:
                return topic, subject
        return None

    def terms(self, match: Match) -> CallTerms:
        """Return the terms of the match's call."""
        call_id = match.pairing.call_id
        if call_id not in self._terms:
            self._terms[call_id] = self.calls[call_id].parsed_terms
        return self._terms[call_id]

    async def take_in(self, step: VisitStep, cause: Envelope | None) -> None:
        """Record a step of a visit and write it at once, so that later steps of this transaction see its week."""
        await self._visit(step, cause)
        if step[1]:
            await lifecycle_visits.write(self.tx.session, [step[0]])

    @property
    def moved(self) -> int:
        """Return how many matches, visits and mentorships have changed so far."""
        return len(self._changed) + len(self._changed_visits) + len(self._changed_mentorships)

    async def propose(self, step: MatchStep, cause: Envelope | None) -> None:
        """Record a new match; one that takes a place ends its application's reserve."""
        await self._match(step, cause)
        new = step[0]
        before = self.reserves.get(new.pairing.application_id)
        if before is not None and not new.reserve and self.matches[before].in_reserve:
            await self._match(matches.supersede(self.matches[before], new.id, Reason.OTHER, now=clock.now()), cause)

    async def save(self) -> None:
        """Write all changes with what follows from them; to be called once, at the end."""
        await self._open_confirmed()
        session = self.tx.session
        await lifecycle_matches.write(session, [self.matches[match_id] for match_id in sorted(self._changed)])
        await lifecycle_visits.write(session, [self.visits[match_id] for match_id in sorted(self._changed_visits)])
        await lifecycle_mentorships.write(
            session, [self.mentorships[match_id] for match_id in sorted(self._changed_mentorships)]
        )
        moved_days = {
            visit_id: row for visit_id, row in self._new_stays.items() if _differs(self.stays.get(visit_id), row)
        }
        kept = [row for row in moved_days.values() if row is not None]
        await reciprocity.count_days(session, kept, [visit_id for visit_id, row in moved_days.items() if row is None])
        await facts_actions.free_places(session, self._vacancies)
        await activity.add_lines(session, self._activity)
        touched = {
            self.matches[match_id].pairing.call_id
            for match_id in self._changed | self._changed_visits | self._changed_mentorships
        }
        if moved_days:
            # What a host owes counts in every call.
            touched |= await facts.open_calls(session)
        await facts_actions.match_again(session, touched)
        if touched:
            await self.tx.changed("matching")
        if touched or self._activity:
            await self.tx.changed("board")

    async def _match(self, step: MatchStep, cause: Envelope | None) -> None:
        match, events = step
        before = self.matches.get(match.id)
        if match != before:
            self.matches[match.id] = match
            self._changed.add(match.id)
        fact = None
        for event in events:
            fact = await self.add_fact(event, match.id, match, cause)
        if before is None or before.state is match.state:
            return
        if match.state is MatchState.CONFIRMED:
            self._confirmed[match.id] = cause
        if before.takes_place and not match.takes_place and fact:
            self._falls_free(match, fact)

    def _falls_free(self, match: Match, fact: UUID) -> None:
        """Note that the place of a match is to go to the next in line, because of a fact."""
        call = self.calls.get(match.pairing.call_id)
        if call is not None and call.state != CallState.CLOSED:
            self._vacancies.append(_vacancy(match, fact))

    async def _visit(self, step: VisitStep, cause: Envelope | None) -> None:
        visit, events = step
        match_id = visit.of.match_id
        if visit != self.visits.get(match_id):
            self.visits[match_id] = visit
            self._changed_visits.add(match_id)
        self._new_stays[visit.id] = self._stay(visit)
        match = self.matches[match_id]
        fact = await self._add_facts(events, visit.id, match, cause)
        if fact and visit.state is VisitState.NO_SHOW and match_id not in self.mentorships:
            # The match stands, but nobody uses its place: the next in line may, where a week is left.
            self._falls_free(match, fact)

    def _stay(self, visit: Visit) -> Stay | None:
        """Return the new row of a visit in the reciprocity ledger."""
        days = stays.counted(visit, self.attendance.get(visit.id, {}))
        if days is None:
            return None
        return Stay(
            visit_id=visit.id,
            country=visit.of.country,
            organisation_id=stays.home_agency(visit, self.matches[visit.of.match_id].pairing),
            host_country=visit.of.host_country,
            host_organisation_id=visit.of.host_organisation_id,
            days=days.days,
            done=days.done,
        )

    async def _mentorship(self, step: MentorshipStep, cause: Envelope | None) -> None:
        mentorship, events = step
        match_id = mentorship.plan.match_id
        if mentorship != self.mentorships.get(match_id):
            self.mentorships[match_id] = mentorship
            self._changed_mentorships.add(match_id)
        await self._add_facts(events, mentorship.id, self.matches[match_id], cause)
        visit = self.visits.get(match_id)
        if events and mentorship.state in mentorships.OVER and visit is not None and visit.plan is not None:
            # What has begun, or should have, is ended by who keeps its attendance; what is to come does not take place.
            by = getattr(cause.data, "by", Party.PROGRAMME) if cause is not None else Party.CLOCK
            if visit.state is VisitState.SCHEDULED and visit.plan.start > clock.today():
                await self._visit(visits.cancel(visit, by, mentorship.reason or Reason.OTHER, now=clock.now()), cause)

    async def _add_facts(
        self, events: Sequence[Event], subject: UUID, match: Match, cause: Envelope | None
    ) -> UUID | None:
        """Add several facts; return the id of the last."""
        fact = None
        for event in events:
            fact = await self.add_fact(event, subject, match, cause)
        return fact

    async def add_fact(self, event: Event, subject: UUID, match: Match, cause: Envelope | None) -> UUID:
        """Add a fact of the application's history, and its line on the board; return the fact's id."""
        story = match.pairing.application_id
        if cause is None:
            fact = await self.tx.record(event, subject, correlation=story)
        else:
            fact = await self.tx.react(cause, event, subject, correlation=story)
        self._activity.append(
            Activity(
                id=fact,
                at=clock.now(),
                type=event.type,
                topic=event.topic,
                subject=str(subject),
                actor=self.tx.actor,
                cause_id=cause.id if cause else None,
                call_id=match.pairing.call_id,
                application_id=story,
                seat_id=match.seat_id,
                match_id=match.id,
                about=about(event),
            )
        )
        return fact

    async def _open_confirmed(self) -> None:
        """Open the visit or the mentorship of every match that was just confirmed."""
        for step, cause in await confirmation.visits_of(self, self._confirmed):
            await self._visit(step, cause)
        for match_id, cause in self._confirmed.items():
            if self.matches[match_id].pairing.kind is ApplicationKind.MENTEE:
                await self._mentorship(confirmation.mentorship_of(self, match_id, cause), cause)


def _differs(before: Stay | None, after: Stay | None) -> bool:
    """Return whether the change affects which days of a visit count."""
    return (before and before.model_dump()) != (after and after.model_dump())


def _vacancy(match: Match, fact: UUID) -> Vacancy:
    return Vacancy(
        match_id=match.id,
        call_id=match.pairing.call_id,
        kind=match.pairing.kind.value,
        seat_id=match.seat_id,
        application_id=match.pairing.application_id,
        run_id=match.run_id,
        cause_id=fact,
    )
