"""What follows for an application from what matching says? A confirmed match decides it; a second silence ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions.recorded import decide, record
from services.applications.model import application as model
from services.applications.store import applications as store
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.codes import Outcome, Party, Reason
from shared.contracts.matches import MatchConfirmed, MatchExpired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx

# The officer's second silence withdraws the application (lifecycles.md, "Match").
SILENCES = 2


async def react_to_matches(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `react` of exchange.matches."""
    deciding = [event for event in events if isinstance(event.data, MatchConfirmed) or _silent_again(event)]
    ids = {
        event.data.pairing.application_id for event in deciding if isinstance(event.data, MatchConfirmed | MatchExpired)
    }
    if not ids:
        return
    applications = {one.id: one for one in await store.locked(tx.session, ids)}
    for event in deciding:
        assert isinstance(event.data, MatchConfirmed | MatchExpired)
        application = applications.get(event.data.pairing.application_id)
        if application is None or application.submitted_at is None:
            continue
        if isinstance(event.data, MatchConfirmed):
            await decide(tx, application, Outcome.PLACE_CONFIRMED, cause=event)
        elif model.possible(ApplicationWithdrawn, application.own_state):
            state = model.after(ApplicationWithdrawn, application.own_state)
            withdrawn = ApplicationWithdrawn(reason=Reason.NO_ANSWER, by=Party.CLOCK)
            await record(tx, application, withdrawn, state=state, cause=event, reason=Reason.NO_ANSWER)


def _silent_again(event: Envelope) -> bool:
    """Whether a match expired because the officer did not answer, not for the first time."""
    of = event.data
    return (
        isinstance(of, MatchExpired) and bool({Party.GUEST, Party.MENTEE} & set(of.silent)) and of.silences >= SILENCES
    )
