"""Ask for a visit under the agreement of a pair, answer it, withdraw or cancel it.

Matching gives an agreed visit its dates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.matches.model.answers import may_cancel
from services.applications.mentorships.actions.parties import pair_member
from services.applications.mentorships.model import visit as model
from services.applications.mentorships.store import visits as store
from services.applications.mentorships.views.agreement import agreement_of
from services.applications.mentorships.views.requests import open_request, planned_end
from services.applications.refusals import may_proceed, not_found
from services.applications.visits import store as visits_store
from shared.contracts.codes import Answer, Party, StatedReason, published
from shared.contracts.participation import CancellationRequested, VisitRequested
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.mentorships.actions.parties import PairMember
    from services.applications.mentorships.store.mentorships import Mentorship
    from services.applications.mentorships.store.visits import PairVisit
    from shared.bus import Bus
    from shared.contracts.base import DatePeriod
    from shared.identity import Principal

LONGEST_NOTE = 1000


async def ask(
    bus: Bus,
    principal: Principal,
    mentorship_id: UUID,
    periods: tuple[DatePeriod, ...],
    days: int,
    guest: Party,
    note: str = "",
) -> PairVisit:
    """Ask for a visit; the other side answers. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        visits = await visits_store.of_mentorship(tx.session, mentorship_id)
        pending = open_request(await store.requests(tx.session, mentorship_id), visits)
        if pending is not None and (pending.party, pending.periods, pending.days) == (member.party, periods, days):
            return pending  # a second click
        state = pending.stands if pending is not None else None
        may_proceed(model.may_ask, member.mentorship.stands, state, visits[0].stands if visits else None)
        until = planned_end(member.mentorship, (await agreement_of(tx.session, member.mentorship)).until)
        first = model.earliest(clock.today(), (await member.terms()).timers.notice_weeks)
        may_proceed(model.check_periods, periods, days, guest, first=first, until=until)
        request = store.PairVisit(
            id=new_id(),
            mentorship_id=mentorship_id,
            party=member.party,
            guest=guest,
            days=days,
            periods=periods,
            note=note.strip()[:LONGEST_NOTE],
            actor=principal.subject,
            at=clock.now(),
        )
        tx.session.add(request)
        await _record_request(member, request, None)
        return request


async def answer(
    bus: Bus, principal: Principal, mentorship_id: UUID, request_id: UUID, answer: Answer, reason: str = ""
) -> PairVisit:
    """Agree to a visit, or refuse it with a reason. Raises `Refused` (404, 409; 422 for a no without a reason)."""
    reason = reason.strip()[:LONGEST_NOTE]
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        request = await _request(member, request_id)
        if answer is Answer.DECLINE and not reason:
            sentence = gettext("Enter why it does not suit you")
            raise Refused(sentence, 422, {"text": sentence})
        agrees = answer is Answer.ACCEPT
        answered = model.RequestState.AGREED if agrees else model.RequestState.REFUSED
        if not may_proceed(
            model.may_answer,
            member.mentorship.stands,
            request.stands,
            Party(request.party),
            member.party,
            answered,
            request.answered_at,
        ):
            return request
        request.state = answered.value
        request.answered_at, request.answer = clock.now(), "" if agrees else reason
        tx.session.add(request)
        await _record_request(member, request, answer)
        return request


async def withdraw(bus: Bus, principal: Principal, mentorship_id: UUID, request_id: UUID) -> PairVisit:
    """Withdraw a request before it is answered. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        request = await _request(member, request_id)
        if may_proceed(model.may_withdraw, request.stands, Party(request.party), member.party):
            request.state, request.answered_at = model.RequestState.WITHDRAWN.value, clock.now()
            tx.session.add(request)
            await tx.changed("matches")
        return request


async def cancel(
    bus: Bus, principal: Principal, mentorship_id: UUID, visit_id: UUID, reason: StatedReason, text: str = ""
) -> Mentorship:
    """Ask to cancel the pair's visit; the mentorship continues. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        visit = await visits_store.visit(tx.session, visit_id, lock=True)
        if visit is None or visit.mentorship_id != mentorship_id:
            raise not_found()
        statements = await visits_store.statements(tx.session, visit.about)
        already_asked = visits_store.recorded_statement(statements, CancellationRequested.type, member.party)
        if not may_proceed(
            may_cancel, member.case.match.stands, visit.stands, already_asked, reason, principal.subject
        ):
            return member.mentorship
        tx.session.add(
            visits_store.Statement(
                match_id=visit.about,
                kind=CancellationRequested.type,
                party=member.party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        await member.record(
            CancellationRequested(**member.ids, by=member.party, reason=published(reason), visit_id=visit_id)
        )
        return member.mentorship


async def _request(member: PairMember, request_id: UUID) -> PairVisit:
    requests = await store.requests(member.tx.session, member.mentorship.id)
    request = next((candidate for candidate in requests if candidate.id == request_id), None)
    if request is None:
        raise not_found()
    return request


async def _record_request(member: PairMember, request: PairVisit, answer: Answer | None) -> None:
    await member.record(
        VisitRequested(
            **member.ids,
            by=member.party,
            periods=request.periods,
            days=request.days,
            request_id=request.id,
            guest=Party(request.guest),
            answer=answer,
        )
    )
