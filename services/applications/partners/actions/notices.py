"""Withdraw notices, and end cases whose notice has run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.partners import store
from services.applications.partners.actions.effects import end
from services.applications.partners.model import CaseState, Stage
from services.applications.partners.views import PartnerCase, case_view, load_open_cases, lock_partner
from services.applications.refusals import not_found
from shared.bus.set_aside import SetAside
from shared.contracts.codes import Side
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.time import clock
from shared.time.arrival import settled_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from shared.bus import Bus, Lease, Tx
    from shared.identity import Principal

NOTICES = N_("Partner notices")


async def take_back(bus: Bus, principal: Principal, country: str, decision_id: UUID, case_id: UUID) -> PartnerCase:
    """Let a case go on whose notice has not run out. Raises `Refused` (404; 409 if it has ended)."""
    async with bus.transaction(principal.subject) as tx:
        case = await _case(tx, country, decision_id, case_id)
        if case.state == CaseState.NOTICE:
            case.state, case.at, case.changed_by = CaseState.TAKEN_BACK, clock.now(), principal.subject
            case.ends_on = None
            tx.session.add(case)
            await tx.changed("register")
        elif case.state != CaseState.TAKEN_BACK:
            raise Refused(gettext("There is no notice to withdraw. The case continues or has ended."), 409)
        return case_view(case)


async def _case(tx: Tx, country: str, decision_id: UUID, case_id: UUID) -> store.DecidedCase:
    decision = await store.decision(tx.session, decision_id)
    if decision is None or decision.country != country:
        raise not_found()
    await lock_partner(tx.session, decision.country)
    cases = {case.id: case for case in await store.cases(tx.session, decision_id, lock=True)}
    if case_id not in cases:
        raise not_found()
    return cases[case_id]


async def _end_due(tx: Tx, decision_id: UUID, country: str, today: date) -> int:
    """End the cases of a decision whose notice has run out; return how many. The caller has locked the country."""
    open_cases = (await load_open_cases(tx.session, country, lock=True)).cases
    by_id = {open_case.id: open_case for open_case in open_cases}
    by_application = {(open_case.side, open_case.application_id): open_case for open_case in open_cases}
    ended = 0
    for case in await store.cases(tx.session, decision_id, lock=True):
        if case.state != CaseState.NOTICE or case.ends_on is None or case.ends_on > today:
            continue
        open_case = by_id.get(case.id)
        # An application that waited may have a match by now, and a visit may have begun, which nothing cancels.
        if open_case is None and case.application_id is not None:
            open_case = by_application.get((Side(case.side), case.application_id))
        gone = open_case is not None and open_case.stage is not Stage.UNDER_WAY and await end(tx, open_case)
        case.state = CaseState.CANCELLED if gone else CaseState.OVER
        case.at, case.changed_by = clock.now(), tx.actor
        tx.session.add(case)
        ended += 1
    await tx.changed("register")
    return ended


async def end_all_due(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> int:
    """End all cases whose notice has run out, a decision at a time; return how many. Raises `LeaseLost`.

    A decision that fails is set aside.
    """
    today = settled_on()
    async with bus.read() as session:
        waiting = dict(await store.notices_due(session, today))

    async def act(ids: Sequence[UUID]) -> int:
        async with bus.transaction("system:clock", lease) as tx:
            (decision_id,) = ids
            await lock_partner(tx.session, waiting[decision_id])
            return await _end_due(tx, decision_id, waiting[decision_id], today)

    return await (aside or SetAside(bus, NOTICES)).each(list(waiting), act, at_once=1)
