"""Ask for other dates of a visit, and accept or refuse those that are proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.progress import restate_due
from services.applications.matches.views import parties
from services.applications.refusals import may_proceed
from services.applications.transitions import Recorded
from services.applications.visits import model, store
from shared.contracts.codes import Answer, Party, StatedReason, published
from shared.contracts.participation import MoveAccepted, MoveRefused, MoveRequested
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.applications.visits.store import Visit
    from shared.bus import Bus
    from shared.contracts.base import DatePeriod
    from shared.identity import Principal


async def ask(
    bus: Bus,
    principal: Principal,
    visit_id: UUID,
    periods: Sequence[DatePeriod],
    reason: StatedReason,
    text: str = "",
) -> Visit:
    """Ask for other dates within `periods`; the present dates hold until both sides accept. The text stays here.

    Raises `Refused` (404, 409; 422 with the field for impossible periods).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        party = case.acts_as(*model.MAY_ASK_MOVE)
        last = await store.last_request(tx.session, visit_id)
        open_ = Party(last.party) if last is not None and last.waits(visit) else None
        if not may_proceed(model.may_ask_move, visit.stands, visit.proposal, open_, party):
            return visit
        problems = model.period_problems(periods, clock.today())
        if problems:
            raise Refused(next(iter(problems.values())), 422, problems)
        tx.session.add(
            store.MoveRequest(
                id=new_id(),
                visit_id=visit_id,
                party=party,
                periods=tuple(periods),
                reason=reason,
                text=text.strip()[:1000],
                asked_in=visit.state,
                after_move=visit.moves,
                actor=principal.subject,
                at=clock.now(),
            )
        )
        event = MoveRequested(
            application_id=visit.application_id,
            visit_id=visit_id,
            by=party,
            periods=tuple(periods),
            reason=published(reason),
        )
        await tx.record(event, visit.match_id, correlation=case.correlation)
        await tx.changed("matches")
        return visit


async def answer(
    bus: Bus,
    principal: Principal,
    visit_id: UUID,
    number: int,
    answer: Answer,
    reason: StatedReason | None = None,
    text: str = "",
) -> Visit:
    """Accept or refuse the proposal with that number; a no needs a reason, whose text stays in the portal.

    Raises `Refused` (404, 409; 422 for a no without a reason).
    """
    if answer is Answer.DECLINE and reason is None:
        sentence = gettext("Choose why you refuse the new dates")
        raise Refused(sentence, 422, {"reason": sentence})
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        party = case.acts_as(*model.BOTH)
        proposed = 0 < number <= visit.moves
        before = await store.recorded_answers(tx.session, visit_id, number) if proposed else {}
        moment = arrived()
        own = Recorded(answer, principal.subject, moment)
        if not may_proceed(model.may_answer_move, visit.stands, visit.proposal, number, before, party, own):
            return visit
        tx.session.add(
            store.MoveAnswer(
                visit_id=visit_id,
                move=number,
                party=party,
                answer=answer,
                reason=reason if answer is Answer.DECLINE else None,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=moment,
            )
        )
        of = {"application_id": visit.application_id, "visit_id": visit_id, "by": party, "move": number}
        event: MoveAccepted | MoveRefused
        if answer is Answer.DECLINE and reason is not None:
            event = MoveRefused.model_validate({**of, "reason": published(reason)})
        else:
            event = MoveAccepted.model_validate(of)
        await tx.record(event, visit.match_id, correlation=case.correlation, at=moment)
        await restate_due(tx, {visit.application_id})
        await tx.changed("matches")
        return visit
