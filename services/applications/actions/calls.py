"""How does a call open and close? By the programme coordinator; its close leaves nobody without an answer.

Closing crosses with what matching does at the same moment. Who owns a fact decides: matching can confirm a match only
when both sides have said yes, and what they say is said here. So from the close on nobody can say yes any more, and of
the applications that are left only those with both answers wait for matching's word (`actions/reactions.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from services.applications.actions.common import not_found
from services.applications.actions.recorded import record
from services.applications.model.application import LEFT_AT_CLOSE
from services.applications.store import applications, participation
from services.applications.store import calls as store
from services.applications.store.counters import next_number
from services.applications.store.progress import restate
from shared import clock
from shared.contracts.calls import CallClosed, CallPublished, CallTerms
from shared.contracts.codes import PRIORITIES, ApplicationState, CallState
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Tx


async def publish(bus: Bus, actor: str, terms: CallTerms) -> store.Call:
    """Publish a call; its reference and revision are given here, whatever `terms` says.

    Raises `Refused` (422) with the field for terms that contradict themselves.
    """
    _coherent(terms)
    moment = clock.now()
    async with bus.transaction(actor) as tx:
        number = await next_number(tx.session, f"call-{terms.opens.year}")
        terms = terms.model_copy(update={"reference": f"TC-{terms.opens.year}-{number}", "revision": 1})
        call = store.Call(
            id=new_id(),
            reference=terms.reference,
            state=CallState.PUBLISHED,
            opens=datetime.combine(terms.opens, time(), UTC),
            deadline=terms.deadline,
            terms_json=terms.model_dump(mode="json"),
            published_at=moment,
        )
        tx.session.add(call)
        tx.session.add(
            store.CallRevision(
                call_id=call.id, revision=1, terms_json=call.terms_json, at=moment, actor=actor, touches=[]
            )
        )
        await tx.record(CallPublished(terms=terms), call.id)
        await tx.changed("calls")
    return call


async def close(bus: Bus, actor: str, call_id: UUID) -> int:
    """Close a call after the last cohort; give how many applications are left without a place by it.

    Where both sides have said yes and matching has not answered yet, its answer decides: place confirmed, or unplaced.
    Raises `Refused` (404, or 409 where it is closed already).
    """
    async with bus.transaction(actor) as tx:
        call = await store.call(tx.session, call_id, lock=True)
        if call is None:
            raise not_found()
        if call.state != CallState.PUBLISHED:
            raise Refused(gettext("This call is closed already."), 409)
        call.state, call.closed_at = CallState.CLOSED, clock.now()
        await tx.record(CallClosed(terms=call.terms), call.id)
        left = await applications.left_at_close(tx.session, call_id, LEFT_AT_CLOSE)
        awaited = await participation.both_accepted(tx.session, [one.id for one in left])
        unplaced = [one for one in left if one.id not in awaited]
        for application in unplaced:
            await record(tx, application, None, state=ApplicationState.UNPLACED)
        again = await applications.looking_again(tx.session, call_id)
        await restate(tx.session, dict.fromkeys(again, clock.now()))
        await tx.changed("calls")
    return len(unplaced)


async def still_open(tx: Tx, call_id: UUID) -> store.Call:
    """The call of a match that somebody clears or answers, held open until the commit. Raises `Refused` (409)."""
    call = await store.call(tx.session, call_id, hold=True)
    if call is None or call.state != CallState.PUBLISHED:
        raise Refused(gettext("The call is closed. Nothing is asked of you about this match any more."), 409)
    return call


def _coherent(terms: CallTerms) -> None:
    """Raises `Refused` (422) naming the fields that contradict each other."""
    known = PRIORITIES.get(terms.scheme, {})
    problems: dict[str, str] = {}
    if not terms.kinds:
        problems["kinds"] = gettext("Choose what the call takes applications for.")
    if not terms.texts:
        problems["texts"] = gettext("Write the call's title in at least one language.")
    if not terms.topics or any(topic not in known for topic in terms.topics):
        problems["topics"] = gettext("Choose topics of the scheme that the call names.")
    if terms.deadline.date() < terms.opens:
        problems["deadline"] = gettext("The deadline must be after the day on which the call opens.")
    if terms.closes < terms.deadline.date():
        problems["closes"] = gettext("The call must close after its deadline.")
    if not terms.visit_periods or any(period.end < period.start for period in terms.visit_periods):
        problems["visit_periods"] = gettext("Say when visits may be; each period must end after it starts.")
    if terms.maximum_days < terms.minimum_days:
        problems["maximum_days"] = gettext("The longest visit must not be shorter than the shortest.")
    if problems:
        raise Refused(gettext("The call contradicts itself."), 422, problems)
