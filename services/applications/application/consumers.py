"""Decide or end applications by what matching publishes.

A confirmed match decides the application; a second silence withdraws it; and in a closed call a match that comes to
nothing leaves it unplaced (`calls/actions/closing.py` says why that is decided here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.steps import decide, record
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.calls import store as calls_store
from services.applications.matches.store import participation
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.codes import ApplicationState, CallState, Outcome, Party, Reason
from shared.contracts.matches import (
    SILENCES,
    MatchCancelled,
    MatchConfirmed,
    MatchDeclined,
    MatchEvent,
    MatchExpired,
    MatchSuperseded,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx

_ENDS = MatchCancelled | MatchDeclined | MatchExpired | MatchSuperseded


async def react_to_matches(tx: Tx, events: Sequence[Envelope]) -> None:
    """React to events of exchange.matches."""
    # The end of a reserve decides nothing: it held no place.
    deciding = [
        event
        for event in events
        if isinstance(event.data, MatchConfirmed | _ENDS) and not getattr(event.data, "reserve", False)
    ]
    if not deciding:
        return
    pairings = [event.data.pairing for event in deciding if isinstance(event.data, MatchEvent)]
    calls = await calls_store.hold_calls(tx.session, {pairing.call_id for pairing in pairings})
    applications = {
        application.id: application
        for application in await store.locked(tx.session, {pairing.application_id for pairing in pairings})
    }
    awaited = await participation.both_accepted(tx.session, list(applications))
    for event, pairing in zip(deciding, pairings, strict=True):
        application = applications.get(pairing.application_id)
        if application is not None and application.submitted_at is not None:
            unplaced = _left_to_matching(application, calls.get(application.call_id)) and application.id not in awaited
            await _react(tx, application, event, unplaced=unplaced)


async def _react(tx: Tx, application: store.Application, event: Envelope, *, unplaced: bool) -> None:
    """React to the confirmation or end of an application's match; `unplaced`: with an end it stays without a place."""
    if isinstance(event.data, MatchConfirmed):
        await decide(tx, application, Outcome.PLACE_CONFIRMED, cause=event)
    elif _second_silence(event) and states.possible(ApplicationWithdrawn, application.own_state):
        state = states.after(ApplicationWithdrawn, application.own_state)
        withdrawn = ApplicationWithdrawn(reason=Reason.NO_ANSWER, by=Party.CLOCK)
        await record(tx, application, withdrawn, state=state, cause=event, reason=Reason.NO_ANSWER)
    elif unplaced:
        await record(tx, application, None, state=ApplicationState.UNPLACED, cause=event)


def _left_to_matching(application: store.Application, call: calls_store.Call | None) -> bool:
    """Return whether the call is closed and the close left it to matching whether the application has a place."""
    closed = call is not None and call.state == CallState.CLOSED
    return closed and application.own_state in states.LEFT_AT_CLOSE and application.published_outcome is None


def _second_silence(event: Envelope) -> bool:
    """Return whether a match expired because the officer did not answer, not for the first time."""
    data = event.data
    return (
        isinstance(data, MatchExpired)
        and bool({Party.GUEST, Party.MENTEE} & set(data.silent))
        and data.silences >= SILENCES
    )
