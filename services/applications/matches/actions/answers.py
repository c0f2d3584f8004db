"""Record the answer of a party to an offered match, and a request to cancel a confirmed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.progress import restate_due
from services.applications.calls.actions import hold_open_call
from services.applications.matches.model import answers as model
from services.applications.matches.store import participation as store
from services.applications.matches.views import parties
from services.applications.refusals import may_proceed
from services.applications.visits import store as visits_store
from shared.contracts.codes import Answer, Party, StatedReason, published
from shared.contracts.participation import AnswerGiven, CancellationRequested
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.matches.store.matches import Match
    from shared.bus import Bus
    from shared.identity import Principal

ANSWERING = (Party.GUEST, Party.MENTEE, Party.HOST, Party.MENTOR)


async def answer(
    bus: Bus,
    principal: Principal,
    match_id: UUID,
    answer: Answer,
    reason: StatedReason | None = None,
    text: str = "",
) -> Match:
    """Answer an offered match: a request until matching confirms it. The text stays in the portal.

    Raises `Refused` (404, 409; 422 for a no without a reason).
    """
    if answer is Answer.DECLINE and reason is None:
        sentence = gettext("Choose why you decline")
        raise Refused(sentence, 422, {"reason": sentence})
    moment = arrived()
    async with bus.transaction(principal.subject) as tx:
        case = await parties.case_of_match(tx.session, principal, match_id, lock=True)
        party = case.acts_as(*ANSWERING)
        before = await store.recorded_answers(tx.session, match_id)
        due = case.match.due
        if not may_proceed(
            model.may_answer,
            case.match.stands,
            before,
            party,
            answer,
            principal.subject,
            late_by=due if due is not None and moment > due else None,
            shown=case.match.shown_state,
        ):
            return case.match
        await hold_open_call(tx, case.match.call_id)
        published_reason = published(reason) if answer is Answer.DECLINE and reason is not None else None
        tx.session.add(
            store.MatchAnswer(
                match_id=match_id,
                party=party,
                answer=answer,
                reason=reason if published_reason else None,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=moment,
            )
        )
        event = AnswerGiven(application_id=case.match.application_id, by=party, answer=answer, reason=published_reason)
        await tx.record(event, match_id, correlation=case.correlation, at=moment)
        await restate_due(tx, {case.match.application_id})
        await tx.changed("matches")
        return case.match


async def cancel(bus: Bus, principal: Principal, match_id: UUID, reason: StatedReason, text: str = "") -> Match:
    """Ask to cancel a confirmed match before its visit begins. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case = await parties.case_of_match(tx.session, principal, match_id, lock=True)
        party = case.acts_as(*ANSWERING, Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME)
        # A mentoring pair cancels a visit by itself; here it is about the match, whatever visits came of it.
        is_placement = case.match.mentor_id is None
        visit = (await visits_store.of_matches(tx.session, [match_id])).get(match_id) if is_placement else None
        state = visit.stands if visit is not None else None
        statements = await visits_store.statements(tx.session, match_id)
        already_asked = visits_store.recorded_statement(statements, CancellationRequested.type, party)
        if not may_proceed(
            model.may_cancel,
            case.match.stands,
            state,
            already_asked,
            reason,
            principal.subject,
            shown=case.match.shown_state,
        ):
            return case.match
        tx.session.add(
            visits_store.Statement(
                match_id=match_id,
                kind=CancellationRequested.type,
                party=party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        event = CancellationRequested(
            application_id=case.match.application_id,
            by=party,
            reason=published(reason),
            visit_id=visit.id if visit is not None else None,
        )
        await tx.record(event, match_id, correlation=case.correlation)
        await tx.changed("matches")
        return case.match
