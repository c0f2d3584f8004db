"""Save what a host or mentor says of anonymous candidates, and publish it for the matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications import transitions
from services.applications.candidates import store
from services.applications.candidates.model import problems
from services.applications.candidates.views import candidates_of, groups_of, own_seat
from shared.contracts.codes import CallState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.candidates.model import Choices
    from shared.bus import Bus
    from shared.contracts.codes import ApplicationKind
    from shared.identity import Principal


async def choose(bus: Bus, principal: Principal, kind: ApplicationKind, seat_id: UUID, choices: Choices) -> None:
    """Save what the principal says of the candidates whom the principal sees; what others said of the rest stays.

    The same again changes nothing. Raises `Refused` (404; 409 where it is not published or its call is closed; 422).
    """
    async with bus.transaction(principal.subject) as tx:
        seat = await own_seat(tx.session, principal, kind, seat_id, lock=True)
        if not transitions.possible(seat.event, seat.row.state):
            raise Refused(str(transitions.refuse(seat.of, seat.row.state)), 409)
        if seat.call.state != CallState.PUBLISHED:
            raise Refused(gettext("This call is closed. Your choices no longer count."), code=ProblemCode.CALL_CLOSED)
        saved = await store.choices_of(tx.session, seat_id)
        alone = {each.application.id for each in await candidates_of(tx.session, principal, seat, saved)}
        members = {each.application.id for group in await groups_of(tx.session, principal, seat) for each in group}
        if found := problems(choices, alone, members, order_counts=seat.order_counts):
            raise Refused(" ".join(found.values()), 422, found)
        visible = alone | members
        # What others of the host said of a candidate whom this reader does not see stays, while it can still count.
        hidden = await store.in_call(tx.session, seat.row.call_id, saved.applications - visible)
        new = choices.beside(saved, hidden)
        if new == saved:
            return
        row = store.CandidateChoice(
            seat_id=seat_id,
            choices=new.model_dump(mode="json"),
            saved_by=principal.subject,
            saved_at=clock.now(),
        )
        await store.put(tx.session, row)
        if new.published != saved.published:
            await tx.record(seat.event(choices=new.published), seat_id)
        await tx.changed("offers" if seat.of == "offer" else "mentors")
