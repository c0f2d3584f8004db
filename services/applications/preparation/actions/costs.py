"""Add, change, remove and settle the lines of a visit's costs.

Each side writes its own lines; the sender any, and confirms when the list is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.matches.views import parties
from services.applications.preparation import store
from services.applications.preparation.actions import preparation
from services.applications.preparation.model import costs as model
from services.applications.preparation.model import may_fill_in
from services.applications.preparation.views import readiness
from services.applications.preparation.views.costs import may_change, writer
from services.applications.refusals import may_proceed, not_found
from shared.contracts.codes import PreparationItem
from shared.contracts.lifecycle.state_sets import VISIT_CALLED_OFF
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from services.applications.preparation.store import Cost
    from services.applications.visits.store import Visit
    from shared.bus import Bus
    from shared.identity import Principal

_OVER = frozenset(VISIT_CALLED_OFF)


async def add(
    bus: Bus,
    principal: Principal,
    visit_id: UUID,
    item: model.CostItem,
    payer: model.Payer,
    currency: str,
    planned: Decimal,
    *,
    note: str = "",
) -> Cost:
    """Add a line. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        party = writer(case)
        if party is None:
            raise not_found()
        may_proceed(may_fill_in, visit.stands)
        _check_currency(currency)
        found = (await store.costs(tx.session, [visit_id])).get(visit_id, [])
        same = [
            cost for cost in found if _same(cost, item, payer, currency, planned, note.strip()) and cost.party == party
        ]
        if same:
            return same[0]
        if len(found) >= model.MOST_LINES:
            raise Refused(
                gettext("The list is full. Combine several amounts in one line."), code=ProblemCode.LIMIT_REACHED
            )
        checklist_before = await readiness.checklist(tx.session, visit)
        line = store.Cost(
            id=new_id(),
            visit_id=visit_id,
            item=item,
            note=note.strip()[:200],
            payer=payer,
            currency=currency,
            planned=planned,
            party=party,
            actor=principal.subject,
            at=clock.now(),
        )
        tx.session.add(line)
        await preparation.record_progress(tx, case, visit, checklist_before)
        return line


def _same(line: Cost, item: str, payer: str, currency: str, planned: Decimal, note: str) -> bool:
    return (line.item, line.payer, line.currency, line.planned, line.note) == (item, payer, currency, planned, note)


def _check_currency(currency: str) -> None:
    if currency not in model.CURRENCIES:
        sentence = gettext("Choose a currency from the list.")
        raise Refused(sentence, 422, {"currency": sentence})


async def change(
    bus: Bus,
    principal: Principal,
    visit_id: UUID,
    cost_id: UUID,
    *,
    payer: model.Payer,
    currency: str,
    planned: Decimal,
    actual: Decimal | None = None,
    note: str = "",
) -> Cost:
    """Replace a line, the same values change nothing; once the visit is over only the actual amount still changes.

    Raises `Refused` (404, 409, 422).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        line = await _own(tx.session, case, visit_id, cost_id)
        _check_currency(currency)
        if (line.payer, line.currency, line.planned, line.note) != (payer, currency, planned, note.strip()[:200]):
            may_proceed(may_fill_in, visit.stands)
        elif line.actual == actual:
            return line
        if visit.stands in _OVER:
            raise Refused(gettext("The visit did not take place, so its costs can no longer be changed."), 409)
        checklist_before = await readiness.checklist(tx.session, visit)
        line.payer, line.currency, line.planned, line.actual = payer, currency, planned, actual
        line.note, line.actor, line.at = note.strip()[:200], principal.subject, clock.now()
        await preparation.record_progress(tx, case, visit, checklist_before)
        return line


async def _own(session: AsyncSession, case: Case, visit_id: UUID, cost_id: UUID) -> Cost:
    line = await store.cost(session, visit_id, cost_id)
    if line is None or not may_change(case, line):
        raise not_found()
    return line


async def remove(bus: Bus, principal: Principal, visit_id: UUID, cost_id: UUID) -> Visit:
    """Remove a line. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        case, visit = await parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        line = await _own(tx.session, case, visit_id, cost_id)
        may_proceed(may_fill_in, visit.stands)
        checklist_before = await readiness.checklist(tx.session, visit)
        await tx.session.delete(line)
        await preparation.record_progress(tx, case, visit, checklist_before)
        return visit


async def settle(bus: Bus, principal: Principal, visit_id: UUID, lines: str) -> Visit:
    """Confirm as sender that the list with the digest `lines` is complete. Raises `Refused` (404; 409)."""
    async with bus.read() as session:
        case, _ = await parties.case_of_visit(session, principal, visit_id)
        if not readiness.owns_item(case, PreparationItem.COSTS):
            raise not_found()
        found = (await store.costs(session, [visit_id])).get(visit_id, [])
    digest = model.list_digest(cost.line for cost in found)
    if digest is None:
        raise Refused(gettext("Enter at least one line first."), code=ProblemCode.STEP_MISSING)
    if digest != lines:
        text = ngettext(
            "The list has changed since you opened it and now has %(num)d line. Read it first.",
            "The list has changed since you opened it and now has %(num)d lines. Read it first.",
            len(found),
        )
        raise Refused(text % {"num": len(found)}, code=ProblemCode.EDIT_CONFLICT, present={"lines": digest})
    return await preparation.fill_in(bus, principal, visit_id, PreparationItem.COSTS, {"lines": digest})
