"""Close a call, with an answer for every application that is left.

Closing crosses with what matching does at the same moment. Who owns a fact decides: matching can confirm a match only
when both sides have accepted, and their answers are recorded here. So from the close on nobody can accept any more, and
of the applications that are left only those with both answers wait for matching (`application/consumers.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.progress import restate
from services.applications.application.actions.steps import record
from services.applications.application.model.states import LEFT_AT_CLOSE
from services.applications.application.store import applications
from services.applications.calls import store
from services.applications.matches.store import participation
from services.applications.refusals import may_move, not_found
from shared.contracts.calls import CallClosed
from shared.contracts.codes import ApplicationState, CallState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Tx


async def close(bus: Bus, actor: str, call_id: UUID) -> int:
    """Close a call after the last cohort; return how many applications it leaves without a place.

    Where both sides have accepted and matching has not answered yet, its answer decides: place confirmed, or unplaced.
    The same person again gets the same answer. Raises `Refused` (404, or 409 where somebody else has closed it).
    """
    async with bus.transaction(actor) as tx:
        call = await store.call(tx.session, call_id, lock=True)
        if call is None:
            raise not_found()
        if not await may_move(tx, "call", CallClosed, call):
            assert call.closed_at is not None
            return await applications.unplaced_since(tx.session, call_id, call.closed_at)
        call.state, call.closed_at = CallState.CLOSED, clock.now()
        await tx.record(CallClosed(terms=call.terms), call.id)
        revision = await store.revision_draft(tx.session, call_id)
        if revision is not None:
            await tx.session.delete(revision)
        left = await applications.left_at_close(tx.session, call_id, LEFT_AT_CLOSE)
        awaited = await participation.both_accepted(tx.session, [row.id for row in left])
        unplaced = [row for row in left if row.id not in awaited]
        for application in unplaced:
            await record(tx, application, None, state=ApplicationState.UNPLACED)
        again = await applications.looking_again(tx.session, call_id)
        await restate(tx, dict.fromkeys(again, clock.now()))
        await tx.changed("calls")
    return len(unplaced)


async def hold_open_call(tx: Tx, call_id: UUID) -> store.Call:
    """Return the call of a match to clear or answer, locked open until the commit. Raises `Refused` (409)."""
    call = await store.call(tx.session, call_id, hold=True)
    if call is None or call.state != CallState.PUBLISHED:
        raise Refused(
            gettext("The call is closed. You no longer need to do anything about this match."),
            code=ProblemCode.CALL_CLOSED,
        )
    return call
