"""The transitions of matches, visits and mentorships, with all that follows from each.

Each method asks the pure model and records its answer. Used by consumers, by the sweep of deadlines and by what people
do; `unit_of_work.py` writes it.
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
from shared.time.arrival import settled, settled_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from shared.bus import Envelope
    from shared.contracts.codes import Answer, Party, Reason, Side, VoidReason
    from shared.contracts.participation import VisitRequested


class Transitions(UnitOfWork):
    """The unit of work of one transaction, with the transitions of its matches."""

    __slots__ = ()

    async def clear(self, match_id: UUID, side: Side, host_due: datetime | None, cause: Envelope) -> None:
        """Record the clearance of one country; the host country clears by `host_due`, once the home country has."""
        match = self.matches[match_id]
        now = clock.now()
        due = workdays.due(now, self.terms(match).timers.answer_wd, Unit.WORKING_DAYS, match.pairing.country)
        line = tuple(application_id for application_id in match.next_in_line if application_id in self.waiting)
        step = matches.clear(match, side, now=now, due=due, host_due=host_due, waiting=line)
        await self._match(step, cause)

    async def call_up(self, match_id: UUID, run_id: UUID, line: Sequence[UUID], cause: Envelope | None) -> None:
        """Give a reserve the place that fell free, in a run; `line` are those who wait behind it."""
        match = self.matches[match_id]
        now = clock.now()
        due = workdays.due(now, self.terms(match).timers.answer_wd, Unit.WORKING_DAYS, match.pairing.country)
        await self._match(matches.call_up(match, run_id=run_id, now=now, due=due, waiting=tuple(line)), cause)

    async def answer(self, cause: Envelope, by: Party, answered: Answer, reason: Reason | None) -> None:
        """Record the answer of officer or host, at the moment of the cause."""
        match = self.matches[UUID(cause.subject)]
        step = matches.answer(match, by, answered, reason, at=cause.time, now=clock.now())
        await self._match(step, cause)

    async def expire(self, match_id: UUID) -> None:
        """End an offered match whose deadline has passed."""
        match = self.matches[match_id]
        earlier = self.silences.get(match.pairing.application_id, 0)
        await self._match(matches.expire(match, now=clock.now(), silences=earlier), None)

    async def cancel(
        self, match_id: UUID, by: Party, reason: Reason, cause: Envelope | None, *, application_ended: bool = False
    ) -> None:
        """End a match, with its visit or mentorship if that has not begun; what has begun ends by its own rules.

        `application_ended` says that its application has ended too, and looks for no other place.
        """
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
        await self._match(matches.cancel(match, by, reason, now=now, application_ended=application_ended), cause)

    async def supersede(self, match_id: UUID, by_match_id: UUID, reason: Reason, *, vacates: bool) -> None:
        """End a match in favour of an override; `vacates` is False if that one takes the same place."""
        await self._match(matches.supersede(self.matches[match_id], by_match_id, reason, now=clock.now()), None)
        if not vacates:
            self._vacancies = [vacancy for vacancy in self._vacancies if vacancy.match_id != match_id]

    async def pay_from(self, match_id: UUID, fund_id: UUID, reason: Reason, cause: Envelope) -> None:
        """Record that another fund pays for the match and its visit or mentorship."""
        await self._match(matches.pay_from(self.matches[match_id], fund_id, reason), cause)
        if (visit := self.visits.get(match_id)) is not None:
            await self._visit((visits.paid_from(visit, fund_id), ()), cause)
        if (mentorship := self.mentorships.get(match_id)) is not None:
            await self._mentorship((mentorships.paid_from(mentorship, fund_id), ()), cause)

    async def void(self, match_id: UUID, reason: VoidReason, by: Party, why: Reason, cause: Envelope) -> None:
        """Void a match whose application was entered in error: its visit leaves the counts, and the match ends."""
        visit = self.visits.get(match_id)
        if visit is not None:
            await self._visit(visits.void(visit, reason, now=clock.now()), cause)
        if visit is not None and match_id not in self.mentorships:
            match = self.matches[match_id]
            await self._match(matches.cancel(match, by, why, now=clock.now(), application_ended=True), cause)
        else:
            await self.cancel(match_id, by, why, cause, application_ended=True)

    async def attended(self, match_id: UUID, cause: Envelope | None) -> None:
        """Record that the host entered a day of attendance."""
        if (visit := self.visits.get(match_id)) is not None:
            days = self.attendance.get(visit.id, {})
            await self._visit(visits.attended(visit, days, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    async def time_over(self, match_id: UUID) -> None:
        """Conclude the attendance, since the time to record it is over."""
        if (visit := self.visits.get(match_id)) is not None:
            days = self.attendance.get(visit.id, {})
            await self._visit(visits.time_over(visit, days, now=clock.now()), None)
            await self.progressed(match_id, None)

    async def early_return(self, match_id: UUID, last_day: date, reason: Reason | None, cause: Envelope) -> None:
        """Record that the guest left early."""
        if (visit := self.visits.get(match_id)) is not None:
            days = self.attendance.get(visit.id, {})
            await self._visit(visits.early_return(visit, days, last_day, reason, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    async def no_show(self, match_id: UUID, reason: Reason | None, cause: Envelope) -> None:
        """Record that the guest did not come."""
        if (visit := self.visits.get(match_id)) is not None:
            await self._visit(visits.no_show(visit, reason, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    async def visit_asked(self, match_id: UUID, request: VisitRequested, cause: Envelope) -> None:
        """Open the visit on which a mentoring pair agreed, unless another is planned or the pair has ended."""
        mentorship = self.mentorships.get(match_id)
        if mentorship is not None and mentorship.state in mentorships.GOING and not self._visiting(match_id):
            await self._visit(await confirmation.visit_of_pair(self, match_id, request, cause), cause)

    async def cancel_visit(self, match_id: UUID, by: Party, reason: Reason, cause: Envelope) -> None:
        """Cancel the visit of a mentoring pair; the mentorship continues."""
        if (visit := self.visits.get(match_id)) is not None:
            await self._visit(visits.cancel(visit, by, reason, now=clock.now()), cause)
            await self.progressed(match_id, cause)

    def _visiting(self, match_id: UUID) -> bool:
        """Return whether a visit of the match is planned or under way."""
        visit = self.visits.get(match_id)
        return visit is not None and visit.state in visits.TO_COME

    async def progressed(self, match_id: UUID, cause: Envelope | None) -> None:
        """Record that the pair made progress, or that time has passed."""
        if (mentorship := self.mentorships.get(match_id)) is not None:
            now, today = clock.now(), clock.today()
            if cause is None:
                await self._mentorship(mentorships.unsigned(mentorship, today=today, now=settled()), None)
                today = settled_on()
            mentorship = self.mentorships[match_id]
            visiting = self._visiting(match_id)
            step = mentorships.progressed(
                mentorship, self.progress[mentorship.id], today=today, now=now, visiting=visiting
            )
            await self._mentorship(step, cause)

    async def end(self, match_id: UUID, by: Party, reason: Reason | None, cause: Envelope) -> None:
        """Record that a side asks to end the mentorship."""
        if (mentorship := self.mentorships.get(match_id)) is not None:
            now, today = clock.now(), clock.today()
            step = mentorships.asked_to_end(mentorship, self.progress[mentorship.id], by, reason, today=today, now=now)
            await self._mentorship(step, cause)

    async def pause(self, match_id: UUID, by: Party, reason: Reason, cause: Envelope) -> None:
        """Record that a side asks for a pause."""
        if (mentorship := self.mentorships.get(match_id)) is not None:
            await self._mentorship(mentorships.pause(mentorship, by, reason, now=clock.now()), cause)

    async def resume(self, match_id: UUID, by: Party, cause: Envelope) -> None:
        """Record that a side asks to continue."""
        if (mentorship := self.mentorships.get(match_id)) is not None:
            await self._mentorship(mentorships.resume(mentorship, by, now=clock.now()), cause)
