"""What can happen to a match and all that follows from it? Each method asks the pure model and takes in its answer.

Used by consumers, by the sweep of deadlines and by what people do. How it all gets written is in `held.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.lifecycle.actions import confirmation
from services.matching.lifecycle.actions.unit_of_work import UnitOfWork
from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.model import mentorship as mentorships
from services.matching.lifecycle.model import visit as visits
from shared.contracts.lifecycle import Unit
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from shared.bus import Envelope
    from shared.contracts.codes import Answer, Party, Reason, Side, VoidReason
    from shared.contracts.participation import VisitRequested


class Transitions(UnitOfWork):
    """The matches that one transaction works on, held until it ends, and what can be done to them."""

    __slots__ = ()

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
            await self._visit(await confirmation.visit_of_pair(self, match_id, asked, cause), cause)

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
