"""Fill in the sheets of a visit's preparation, and release what the other side may read of them.

No sheet leaves the portal: events say who is ready, and what was released to whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.access_log import log_access
from services.applications.application.actions.progress import restate_due
from services.applications.matches.actions.clearance import release
from services.applications.matches.views import parties as matches_parties
from services.applications.preparation import model, store
from services.applications.preparation.views.readiness import RELEASED_BY_SHEET, checklist, checklists, owns_item, sides
from services.applications.refusals import may_proceed, not_found
from services.applications.register.store.entries import person as person_of
from services.applications.visits import store as visits_store
from shared.contracts.codes import (
    IdentityField,
    LegalBasis,
    Party,
    PreparationItem,
    ReleasePurpose,
    VisitState,
)
from shared.contracts.participation import IdentityReleased, PartPrepared, PreparationCompleted
from shared.contracts.visits import VisitMoved, VisitScheduled
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.applications.matches.views.parties import Case
    from services.applications.visits.store import Visit
    from shared.bus import Bus, Envelope, Tx
    from shared.identity import Principal


async def fill_in(
    bus: Bus, principal: Principal, visit_id: UUID, item: PreparationItem, details: Mapping[str, object]
) -> Visit:
    """Write a sheet as its owner; the same content changes nothing.

    Raises `Refused` (404; 409 where the visit is over; 422 with the fields).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await matches_parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        if item not in model.SHEETS or not owns_item(case, item):
            raise not_found()
        may_proceed(model.may_fill_in, visit.stands)
        try:
            sheet = model.read_sheet(item, details, clock.today())
        except model.InvalidSheet as wrong:
            raise Refused(str(wrong), 422, wrong.fields) from wrong
        stored = (await store.sheets(tx.session, [visit_id]))[visit_id].get(item)
        new = sheet.model_dump(mode="json")
        if stored is not None and stored.details == new:
            return visit
        before = await checklist(tx.session, visit)
        await store.put_sheet(
            tx.session,
            store.StoredSheet(
                visit_id=visit_id,
                item=item,
                details=new,
                actor=principal.subject,
                at=clock.now(),
            ),
        )
        await _release_sheet(tx, case, visit, item)
        await record_progress(tx, case, visit, before)
        return visit


async def record_progress(tx: Tx, case: Case, visit: Visit, before: model.Checklist | None) -> None:
    """Record who has become ready by this transaction, and whether the preparation is complete."""
    await tx.session.flush()
    now = await checklist(tx.session, visit)
    of = {"application_id": visit.application_id, "visit_id": visit.id}
    if now is not None and before is not None:
        if set(now.ready) - set(before.ready):
            event = PartPrepared.model_validate({**of, "parties": now.ready})
            await tx.record(event, visit.match_id, correlation=case.correlation)
        if now.complete and not before.complete:
            complete = PreparationCompleted.model_validate({**of, "items": now.required})
            await tx.record(complete, visit.match_id, correlation=case.correlation)
    await restate_due(tx, {visit.application_id})
    await tx.changed("matches")


async def _release_sheet(tx: Tx, case: Case, visit: Visit, item: PreparationItem) -> None:
    if item in RELEASED_BY_SHEET:
        of, to, fields, basis = RELEASED_BY_SHEET[item]
        await _record_release(tx, case, visit, of, to, fields, ReleasePurpose.PREPARATION, basis)


async def _record_release(
    tx: Tx,
    case: Case,
    visit: Visit,
    of: Party,
    to: Party,
    fields: tuple[IdentityField, ...],
    purpose: ReleasePurpose,
    basis: LegalBasis,
) -> None:
    """Release fields and record it; once, however often they are written or read."""
    guest, host = case.sides
    party = {Party.GUEST: guest, Party.HOST: host}
    event = IdentityReleased(
        application_id=visit.application_id,
        of=party[of],
        to=party[to],
        country=visit.country if to is Party.GUEST else visit.host_country,
        organisation_id=None if to is Party.GUEST else visit.host_organisation_id,
        fields=fields,
        purpose=purpose,
        basis=basis,
    )
    await release(tx, visit.match_id, event, correlation=case.correlation)


async def emergency_contact(bus: Bus, principal: Principal, visit_id: UUID) -> model.EmergencyContact:
    """Return the guest's emergency contact to the host on the days of the visit; each access is logged.

    Raises `Refused` (404 for anybody else, 409 on other days or where none was given).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await matches_parties.case_of_visit(tx.session, principal, visit_id, lock=True)
        if Party.HOST not in sides(case) or visit.start is None or visit.end is None:
            raise not_found()
        may_proceed(model.may_see_emergency, visit.stands, visit.start, visit.end, clock.today())
        row = (await store.sheets(tx.session, [visit_id]))[visit_id].get(PreparationItem.EMERGENCY_CONTACT)
        if row is None:
            sentence = gettext(
                "The guest gave no emergency contact. Call the national coordinator of the guest's country."
            )
            raise Refused(sentence, 409)
        await _record_release(
            tx,
            case,
            visit,
            Party.GUEST,
            Party.HOST,
            (IdentityField.EMERGENCY_CONTACT,),
            ReleasePurpose.EMERGENCY,
            LegalBasis.VITAL_INTEREST,
        )
        guest = await person_of(tx.session, case.guest_subject)
        await log_access(
            tx.session,
            caller=principal.subject,
            what="emergency_contact",
            audience="host_contact",
            case_id=str(visit.application_id),
            purpose="emergency",
            people=[] if guest is None else [guest.id],
        )
        sheet = row.sheet
        assert isinstance(sheet, model.EmergencyContact)
        return sheet


async def react_to_visits(tx: Tx, events: Sequence[Envelope]) -> None:
    """React to `exchange.visits`: with new dates, publish again who is ready for them."""
    dated = [event for event in events if isinstance(event.data, VisitScheduled | VisitMoved)]
    if not dated:
        return
    found = {
        str(dated_visit.id): dated_visit
        for dated_visit in await visits_store.by_ids(tx.session, {UUID(event.subject) for event in dated})
    }
    lists = await checklists(
        tx.session, [dated_visit for dated_visit in found.values() if dated_visit.stands is VisitState.SCHEDULED]
    )
    for event in dated:
        visit = found.get(str(event.subject))
        ready = lists[visit.id].ready if visit is not None and visit.id in lists else ()
        if visit is not None and ready:
            prepared = PartPrepared(application_id=visit.application_id, visit_id=visit.id, parties=ready)
            await tx.react(event, prepared, visit.match_id, correlation=visit.application_id)
