"""How do the life of a match and all that follows from it get written in one step?

`Cases` holds the matches of one transaction with their visits and mentorships. Each method asks the pure model, keeps
what comes back and collects the facts; `save` gives confirmed matches their dates or their mentorship, says which
places fell free, and writes every table once. Used by consumers, by the sweep of deadlines and by what people do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching import opening, store
from services.matching.model import match as matches
from services.matching.model import mentorship as mentorships
from services.matching.model import stays
from services.matching.model import visit as visits
from services.matching.store.activity import Activity, about
from services.matching.store.ledger import Stay
from services.matching.store.pools import Vacancy
from shared import clock, workdays
from shared.contracts.calls import CallTerms
from shared.contracts.codes import (
    Answer,
    ApplicationKind,
    CallState,
    MatchState,
    Party,
    Reason,
    VisitState,
)
from shared.contracts.lifecycle import Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from services.matching.model.match import Match
    from services.matching.model.match import Step as MatchStep
    from services.matching.model.mentorship import Mentorship, Progress
    from services.matching.model.mentorship import Step as MentorshipStep
    from services.matching.model.visit import Step as VisitStep
    from services.matching.model.visit import Visit
    from services.matching.store.facts import Call, Candidate, Seat
    from shared.bus import Envelope, Tx
    from shared.contracts import Event
    from shared.contracts.codes import Side, VoidReason
    from shared.contracts.participation import VisitRequested


@dataclass(slots=True)
class Cases:
    """The matches that one transaction works on, held until it ends; `visits` and `mentorships` are by match.

    `reserves` are those of the matches with which an application stands in reserve, by application.
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
    async def load(cls, tx: Tx, match_ids: Collection[UUID]) -> Cases:
        """Read and hold these matches with all that belongs to them; those that do not exist are left out."""
        session = tx.session
        held = await store.matches.locked(session, match_ids)
        own_visits = await store.visits.locked_of_matches(session, list(held))
        own_mentorships = await store.mentorships.locked_of_matches(session, list(held))
        pairings = [match.pairing for match in held.values()]
        line = {one for match in held.values() for one in match.next_in_line}
        return cls(
            tx=tx,
            matches=held,
            visits=own_visits,
            mentorships=own_mentorships,
            calls=await store.facts.calls(session, {one.call_id for one in pairings}),
            candidates=await store.facts.candidates(session, {one.application_id for one in pairings}),
            seats=await store.facts.seats(session, {match.seat_id for match in held.values()}),
            waiting=await store.matches.still_waiting(session, line),
            attendance=await store.visits.attendance(session, [one.id for one in own_visits.values()]),
            progress=await store.mentorships.progress(session, [one.id for one in own_mentorships.values()]),
            silences=dict(await store.matches.silences(session, [one.application_id for one in pairings])),
            stays=await store.ledger.of_visits(session, [one.id for one in own_visits.values()]),
            reserves={match.pairing.application_id: match.id for match in held.values() if match.in_reserve},
        )

    @classmethod
    async def for_proposals(cls, tx: Tx, applications: Collection[UUID], match_ids: Collection[UUID] = ()) -> Cases:
        """Read and hold these matches, and those with which the applications stand in reserve.

        Whoever proposes new matches begins with it: a reserve that gets a place elsewhere is one no longer.
        """
        return await cls.load(tx, {*match_ids, *await store.matches.reserves_of(tx.session, applications)})

    def missing(self, match_id: UUID) -> tuple[str, UUID] | None:
        """The topic and subject that a match's case still lacks (a rebuild is under way), if any.

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
        """The terms of the match's call."""
        call_id = match.pairing.call_id
        if call_id not in self._terms:
            self._terms[call_id] = CallTerms.model_validate(self.calls[call_id].terms)
        return self._terms[call_id]

    async def clear(self, match_id: UUID, side: Side, host_due: datetime | None, cause: Envelope) -> None:
        """One country clears; `host_due` is by when the host country does, once the home country has."""
        match = self.matches[match_id]
        now = clock.now()
        due = workdays.due(now, self.terms(match).timers.answer_wd, Unit.WORKING_DAYS, match.pairing.country)
        line = tuple(one for one in match.next_in_line if one in self.waiting)
        step = matches.clear(match, side, now=now, due=due, host_due=host_due, waiting=line)
        await self._match(step, cause)

    async def call_up(self, match_id: UUID, run_id: UUID, line: Sequence[UUID], cause: Envelope | None) -> None:
        """A place falls free for a reserve, in a run; `line` are those who stand behind it."""
        match = self.matches[match_id]
        now = clock.now()
        due = workdays.due(now, self.terms(match).timers.answer_wd, Unit.WORKING_DAYS, match.pairing.country)
        await self._match(matches.call_up(match, run_id=run_id, now=now, due=due, waiting=tuple(line)), cause)

    async def answer(self, cause: Envelope, by: Party, given: Answer, reason: Reason | None) -> None:
        """Officer or host answers, at the moment of the cause."""
        match = self.matches[UUID(cause.subject)]
        step = matches.answer(match, by, given, reason, at=cause.time, now=clock.now())
        await self._match(step, cause)

    async def expire(self, match_id: UUID) -> None:
        """The deadline of an offered match passed."""
        match = self.matches[match_id]
        earlier = self.silences.get(match.pairing.application_id, 0)
        await self._match(matches.expire(match, now=clock.now(), silences=earlier), None)

    async def cancel(self, match_id: UUID, by: Party, reason: Reason, cause: Envelope | None) -> None:
        """The match ends, and a visit or mentorship that has not begun with it; what has begun ends in its own way."""
        match = self.matches[match_id]
        visit, mentorship = self.visits.get(match_id), self.mentorships.get(match_id)
        now = clock.now()
        if visit is not None:
            if mentorship is None and visit.state not in visits.NOT_BEGUN:
                return
            await self._visit(visits.cancel(visit, by, reason, now=now), cause)
        if mentorship is not None:
            begun = mentorship.state in mentorships.GOING
            await self._mentorship(mentorships.end(mentorship, by, reason, today=clock.today(), now=now), cause)
            if begun or mentorship.state in mentorships.OVER:
                return
        await self._match(matches.cancel(match, by, reason, now=now), cause)

    async def supersede(self, match_id: UUID, by_match_id: UUID, reason: Reason, *, vacates: bool) -> None:
        """An override puts another match in its place; `vacates` is False where that one takes the same place."""
        await self._match(matches.supersede(self.matches[match_id], by_match_id, reason, now=clock.now()), None)
        if not vacates:
            self._vacancies = [one for one in self._vacancies if one.match_id != match_id]

    async def pay_from(self, match_id: UUID, fund_id: UUID, reason: Reason, cause: Envelope) -> None:
        """Another fund pays for the match and what came of it."""
        await self._match(matches.pay_from(self.matches[match_id], fund_id, reason), cause)
        if (visit := self.visits.get(match_id)) is not None:
            await self._visit((visits.paid_from(visit, fund_id), ()), cause)
        if (mentorship := self.mentorships.get(match_id)) is not None:
            await self._mentorship((mentorships.paid_from(mentorship, fund_id), ()), cause)

    async def void(self, match_id: UUID, reason: VoidReason, by: Party, why: Reason, cause: Envelope) -> None:
        """The application was entered in error: its visit leaves the counts, and the match ends."""
        visit = self.visits.get(match_id)
        if visit is not None:
            await self._visit(visits.void(visit, reason, now=clock.now()), cause)
        if visit is not None and match_id not in self.mentorships:
            await self._match(matches.cancel(self.matches[match_id], by, why, now=clock.now()), cause)
        else:
            await self.cancel(match_id, by, why, cause)

    async def attended(self, match_id: UUID, cause: Envelope | None) -> None:
        """The host recorded a day."""
        if (visit := self.visits.get(match_id)) is not None:
            days = self.attendance.get(visit.id, {})
            await self._visit(visits.attended(visit, days, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    async def time_over(self, match_id: UUID) -> None:
        """The time to record attendance is over."""
        if (visit := self.visits.get(match_id)) is not None:
            days = self.attendance.get(visit.id, {})
            await self._visit(visits.time_over(visit, days, now=clock.now()), None)
            await self.progressed(match_id, None)

    async def early_return(self, match_id: UUID, last_day: date, reason: Reason | None, cause: Envelope) -> None:
        """The guest left early."""
        if (visit := self.visits.get(match_id)) is not None:
            days = self.attendance.get(visit.id, {})
            await self._visit(visits.early_return(visit, days, last_day, reason, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    async def no_show(self, match_id: UUID, reason: Reason | None, cause: Envelope) -> None:
        """The guest did not come."""
        if (visit := self.visits.get(match_id)) is not None:
            await self._visit(visits.no_show(visit, reason, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    async def visit_asked(self, match_id: UUID, asked: VisitRequested, cause: Envelope) -> None:
        """A mentoring pair agreed on a visit: it gets its dates, unless another is to come or the pair has ended."""
        one = self.mentorships.get(match_id)
        if one is not None and one.state in mentorships.GOING and not self._visiting(match_id):
            await self._visit(await opening.visit_of_pair(self, match_id, asked, cause), cause)

    async def cancel_visit(self, match_id: UUID, by: Party, reason: Reason, cause: Envelope) -> None:
        """A mentoring pair takes its visit back; the mentorship goes on."""
        if (visit := self.visits.get(match_id)) is not None:
            await self._visit(visits.cancel(visit, by, reason, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    def _visiting(self, match_id: UUID) -> bool:
        """Whether a visit of the match is to come or under way."""
        visit = self.visits.get(match_id)
        return visit is not None and visit.state in visits.TO_COME

    async def progressed(self, match_id: UUID, cause: Envelope | None) -> None:
        """The pair recorded something, or time went on."""
        if (one := self.mentorships.get(match_id)) is not None:
            now, today = clock.now(), clock.today()
            unsigned = mentorships.unsigned(one, today=today, now=now) if cause is None else (one, ())
            await self._mentorship(unsigned, cause)
            one = self.mentorships[match_id]
            visiting = self._visiting(match_id)
            step = mentorships.progressed(one, self.progress[one.id], today=today, now=now, visiting=visiting)
            await self._mentorship(step, cause)

    async def end(self, match_id: UUID, by: Party, reason: Reason | None, cause: Envelope) -> None:
        """A side asks to end the mentorship."""
        if (one := self.mentorships.get(match_id)) is not None:
            now, today = clock.now(), clock.today()
            step = mentorships.asked_to_end(one, self.progress[one.id], by, reason, today=today, now=now)
            await self._mentorship(step, cause)

    async def pause(self, match_id: UUID, by: Party, reason: Reason, cause: Envelope) -> None:
        """A side asks for a pause."""
        if (one := self.mentorships.get(match_id)) is not None:
            await self._mentorship(mentorships.pause(one, by, reason, now=clock.now()), cause)

    async def resume(self, match_id: UUID, by: Party, cause: Envelope) -> None:
        """A side asks to go on."""
        if (one := self.mentorships.get(match_id)) is not None:
            await self._mentorship(mentorships.resume(one, by, now=clock.now()), cause)

    async def take_in(self, step: VisitStep, cause: Envelope | None) -> None:
        """Take in what became of a visit, and write it at once: who comes next in this transaction sees its week."""
        await self._visit(step, cause)
        if step[1]:
            await store.visits.write(self.tx.session, [step[0]])

    @property
    def moved(self) -> int:
        """How many matches, visits and mentorships have changed so far."""
        return len(self._changed) + len(self._changed_visits) + len(self._changed_mentorships)

    async def propose(self, step: MatchStep, cause: Envelope | None) -> None:
        """Take in a new match; one that holds a place ends that with which its application stands in reserve."""
        await self._match(step, cause)
        new = step[0]
        before = self.reserves.get(new.pairing.application_id)
        if before is not None and not new.reserve and self.matches[before].in_reserve:
            await self._match(matches.supersede(self.matches[before], new.id, Reason.OTHER, now=clock.now()), cause)

    async def save(self) -> None:
        """Write all that changed, with what follows from it. To be called once, at the end."""
        await self._open_confirmed()
        session = self.tx.session
        await store.matches.write(session, [self.matches[one] for one in sorted(self._changed)])
        await store.visits.write(session, [self.visits[one] for one in sorted(self._changed_visits)])
        await store.mentorships.write(session, [self.mentorships[one] for one in sorted(self._changed_mentorships)])
        moved_days = {one: row for one, row in self._new_stays.items() if _differs(self.stays.get(one), row)}
        kept = [row for row in moved_days.values() if row is not None]
        await store.ledger.write(session, kept, [one for one, row in moved_days.items() if row is None])
        await store.facts.keep(session, self._vacancies)
        await store.activity.add(session, self._activity)
        touched = {
            self.matches[one].pairing.call_id
            for one in self._changed | self._changed_visits | self._changed_mentorships
        }
        if moved_days:
            # What a host owes counts in every call.
            touched |= await store.facts.open_calls(session)
        await store.pools.touch(session, touched)
        if touched:
            await self.tx.changed("matching")
        if touched or self._activity:
            await self.tx.changed("board")

    async def _match(self, step: MatchStep, cause: Envelope | None) -> None:
        match, told = step
        before = self.matches.get(match.id)
        if match != before:
            self.matches[match.id] = match
            self._changed.add(match.id)
        fact = None
        for event in told:
            fact = await self.tell(event, match.id, match, cause)
        if before is None or before.state is match.state:
            return
        if match.state is MatchState.CONFIRMED:
            self._confirmed[match.id] = cause
        if before.held and not match.held and fact:
            self._falls_free(match, fact)

    def _falls_free(self, match: Match, fact: UUID) -> None:
        """The place of a match is to go to the next in line, because of a fact."""
        call = self.calls.get(match.pairing.call_id)
        if call is not None and call.state != CallState.CLOSED:
            self._vacancies.append(_vacancy(match, fact))

    async def _visit(self, step: VisitStep, cause: Envelope | None) -> None:
        visit, told = step
        match_id = visit.of.match_id
        if visit != self.visits.get(match_id):
            self.visits[match_id] = visit
            self._changed_visits.add(match_id)
        self._new_stays[visit.id] = self._stay(visit)
        match = self.matches[match_id]
        fact = await self._tell_all(told, visit.id, match, cause)
        if fact and visit.state is VisitState.NO_SHOW and match_id not in self.mentorships:
            # The match stands, but nobody uses its place: the next in line may, where a week is left.
            self._falls_free(match, fact)

    def _stay(self, visit: Visit) -> Stay | None:
        """The row of a visit in the reciprocity ledger, as it is to be."""
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
        mentorship, told = step
        match_id = mentorship.plan.match_id
        if mentorship != self.mentorships.get(match_id):
            self.mentorships[match_id] = mentorship
            self._changed_mentorships.add(match_id)
        await self._tell_all(told, mentorship.id, self.matches[match_id], cause)
        visit = self.visits.get(match_id)
        if told and mentorship.state in mentorships.OVER and visit is not None and visit.plan is not None:
            # What has begun, or should have, is ended by who keeps its attendance; what is to come does not take place.
            by = getattr(cause.data, "by", Party.PROGRAMME) if cause is not None else Party.CLOCK
            if visit.state is VisitState.SCHEDULED and visit.plan.start > clock.today():
                await self._visit(visits.cancel(visit, by, mentorship.reason or Reason.OTHER, now=clock.now()), cause)

    async def _tell_all(
        self, told: Sequence[Event], subject: UUID, match: Match, cause: Envelope | None
    ) -> UUID | None:
        """Note several facts; give the id of the last."""
        fact = None
        for event in told:
            fact = await self.tell(event, subject, match, cause)
        return fact

    async def tell(self, event: Event, subject: UUID, match: Match, cause: Envelope | None) -> UUID:
        """Note a fact of the application's story, and its line on the board; give the fact's id."""
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
        """Give every match that was just confirmed its visit or its mentorship."""
        for step, cause in await opening.visits_of(self, self._confirmed):
            await self._visit(step, cause)
        for match_id, cause in self._confirmed.items():
            if self.matches[match_id].pairing.kind is ApplicationKind.MENTEE:
                await self._mentorship(opening.mentorship_of(self, match_id, cause), cause)


def _differs(before: Stay | None, after: Stay | None) -> bool:
    """Whether the days of a visit count in another way than they did."""
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
