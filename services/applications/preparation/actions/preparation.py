"""What do guest, sender and host bring before travel? Sheets filled in by their owners; what is complete is told.

Nothing of a sheet leaves the portal: events say who is ready, and what was released to whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.applications.access_log import log_access
from services.applications.matches.store import participation
from services.applications.matches.views import parties as matches_parties
from services.applications.preparation import model, store
from services.applications.preparation.model.costs import mark
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
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from services.applications.visits.store import Visit
    from shared.bus import Bus, Envelope, Tx
    from shared.identity import Principal


def sides(case: Case) -> frozenset[Party]:
    """As what somebody sees a visit's preparation: a mentoring pair are guest and host of its visit.

    Where the mentor travels, the mentor's country is the sender.
    """
    guest, host = case.sides
    renamed = {guest: Party.GUEST, host: Party.HOST}
    if guest is Party.MENTOR:
        renamed |= {Party.HOME_COORDINATOR: Party.HOST_COORDINATOR, Party.HOST_COORDINATOR: Party.HOME_COORDINATOR}
    return frozenset(renamed.get(party, party) for party in case.parties)


def may_fill_in(case: Case, item: PreparationItem) -> bool:
    """Whether somebody owns a thing; the programme coordinator may stand in for the sender."""
    owner, own = model.OWNERS[item], sides(case)
    return owner in own or (owner is model.SENDER and Party.PROGRAMME in own)


async def checklists(session: AsyncSession, among: Collection[Visit]) -> dict[UUID, model.Checklist]:
    """Where each thing stands, by visit; of those that have dates."""
    dated = {visit.id: visit for visit in among if visit.start is not None}
    if not dated:
        return {}
    rules = [one.rule for one in await store.rules(session)]
    written = await store.sheets(session, dated.keys())
    costs = await store.costs(session, dated.keys())
    letters = await store.letters(session, dated.keys())
    found = {}
    for id_, visit in dated.items():
        assert visit.start is not None
        assert visit.end is not None
        newest: dict[str, Any] = {}
        for letter in letters[id_]:
            newest.setdefault(letter.kind, (letter.start, letter.end))
        facts = model.Facts(
            visit.start,
            visit.end,
            {item: row.sheet for item, row in written[id_].items()},
            mark(one.line for one in costs.get(id_, [])),
            newest,
        )
        wanted = model.asked(rules, visit.call_id, visit.country, visit.host_country)
        found[id_] = model.checklist(wanted, facts)
    return found


async def checklist(session: AsyncSession, visit: Visit) -> model.Checklist | None:
    """Where each thing of one visit stands; None while it has no dates."""
    return (await checklists(session, [visit])).get(visit.id)


async def waiting(session: AsyncSession, seen: Collection[tuple[Case, Visit | None]]) -> set[UUID]:
    """The visits to come for which somebody still has a part of the own to bring, of those that he or she sees."""
    to_come = {
        visit.id: matches_parties.visiting(case, visit)
        for case, visit in seen
        if visit is not None and visit.stands is VisitState.SCHEDULED
    }
    lists = await checklists(session, [visit for _, visit in seen if visit is not None and visit.id in to_come])
    return {id_ for id_, found in lists.items() if any(one.owner in sides(to_come[id_]) for one in found.open_())}


async def readable(session: AsyncSession, case: Case) -> frozenset[PreparationItem]:
    """The things whose sheets somebody may read; what one side writes for the other, while it is released to it."""
    own = sides(case)
    found = {item for item, readers in model.SEEN_BY.items() if readers & own}
    guest, host = case.sides
    parties = {Party.GUEST: guest, Party.HOST: host}
    shown = (await participation.releases(session, [case.match.id]))[case.match.id]
    for item, (of, to, fields, _) in _RELEASED.items():
        released = any(
            (one.of, one.to) == (parties[of], parties[to]) and fields[0].value in one.fields for one in shown
        )
        if own & model.SEEN_BY[item] == {to} and not released:
            found.discard(item)
    return frozenset(found)


async def arrival(session: AsyncSession, case: Case, visit: Visit) -> model.Arrival | None:
    """Whom the guest asks for, where and when; None where it is not written, or not for the reader to know."""
    if PreparationItem.ARRIVAL not in await readable(session, case):
        return None
    row = (await store.sheets(session, [visit.id]))[visit.id].get(PreparationItem.ARRIVAL)
    sheet = row.sheet if row is not None else None
    assert sheet is None or isinstance(sheet, model.Arrival)
    return sheet


async def fill_in(
    bus: Bus, principal: Principal, visit_id: UUID, item: PreparationItem, details: Mapping[str, Any], *, version: int
) -> Visit:
    """Write a sheet after its `version` (0: none was there); the owner does. The same again changes nothing.

    Raises `Refused` (404; 409 where the visit is over or somebody wrote it since; 422 with the fields).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await matches_parties.of_visit(tx.session, principal, visit_id, lock=True)
        if item not in model.SHEETS or not may_fill_in(case, item):
            raise not_found()
        may_proceed(model.may_fill_in, visit.stands)
        try:
            sheet = model.read(item, details, clock.today())
        except model.Wrong as wrong:
            raise Refused(str(wrong), 422, wrong.fields) from wrong
        before = (await store.sheets(tx.session, [visit_id]))[visit_id].get(item)
        new = sheet.model_dump(mode="json")
        if before is not None and before.details == new:
            return visit
        if (before.version if before is not None else 0) != version:
            raise Refused(gettext("Somebody changed this since you opened it. Read it first."), 409)
        stood = await checklist(tx.session, visit)
        await store.put_sheet(
            tx.session,
            store.StoredSheet(
                visit_id=visit_id,
                item=item,
                details=new,
                version=version + 1,
                actor=principal.subject,
                at=clock.now(),
            ),
        )
        await _release(tx, case, visit, item)
        await tell(tx, case, visit, stood)
        return visit


async def tell(tx: Tx, case: Case, visit: Visit, before: model.Checklist | None) -> None:
    """Say who has become ready by what was written in this transaction, and whether all is there now."""
    await tx.session.flush()
    now = await checklist(tx.session, visit)
    of = {"application_id": visit.application_id, "visit_id": visit.id}
    if now is not None and before is not None:
        if set(now.ready) - set(before.ready):
            event = PartPrepared.model_validate({**of, "parties": now.ready})
            await tx.record(event, visit.match_id, correlation=case.correlation)
        if now.complete and not before.complete:
            complete = PreparationCompleted.model_validate({**of, "items": now.asked})
            await tx.record(complete, visit.match_id, correlation=case.correlation)
    await tx.changed("matches")


_RELEASED: dict[PreparationItem, tuple[Party, Party, tuple[IdentityField, ...], LegalBasis]] = {
    PreparationItem.ACCESS_NEEDS: (Party.GUEST, Party.HOST, (IdentityField.ACCESS_NEEDS,), LegalBasis.CONSENT),
    PreparationItem.ARRIVAL: (
        Party.HOST,
        Party.GUEST,
        (IdentityField.NAME, IdentityField.SERVICE_EMAIL),
        LegalBasis.PUBLIC_TASK,
    ),
}
"""What a sheet lets the other side see of a person once it is written, for preparing the visit."""


async def _release(tx: Tx, case: Case, visit: Visit, item: PreparationItem) -> None:
    if item in _RELEASED:
        of, to, fields, basis = _RELEASED[item]
        await _released(tx, case, visit, of, to, fields, ReleasePurpose.PREPARATION, basis)


async def _released(
    tx: Tx,
    case: Case,
    visit: Visit,
    of: Party,
    to: Party,
    fields: tuple[IdentityField, ...],
    purpose: ReleasePurpose,
    basis: LegalBasis,
) -> None:
    """Let fields be seen, and say so; once, however often they are written or looked at."""
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
    row = participation.Release(
        match_id=visit.match_id,
        of=event.of,
        to=event.to,
        purpose=purpose,
        fields=[one.value for one in fields],
        basis=basis,
        at=clock.now(),
    )
    if await participation.add_release(tx.session, row):
        await tx.record(event, visit.match_id, correlation=case.correlation)


async def emergency_contact(bus: Bus, principal: Principal, visit_id: UUID) -> model.EmergencyContact:
    """The guest's emergency contact, for the host on the days of the visit; each look stands in the access log.

    Raises `Refused` (404 for anybody else, 409 on other days or where none was given).
    """
    async with bus.transaction(principal.subject) as tx:
        case, visit = await matches_parties.of_visit(tx.session, principal, visit_id, lock=True)
        if Party.HOST not in sides(case) or visit.start is None or visit.end is None:
            raise not_found()
        may_proceed(model.may_see_emergency, visit.stands, visit.start, visit.end, clock.today())
        row = (await store.sheets(tx.session, [visit_id]))[visit_id].get(PreparationItem.EMERGENCY_CONTACT)
        if row is None:
            sentence = gettext(
                "The guest gave no emergency contact. Call the national coordinator of the guest's country."
            )
            raise Refused(sentence, 409)
        await _released(
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
    """The `react` of exchange.visits: with new dates it is said anew who has all of the own part for them."""
    dated = [event for event in events if isinstance(event.data, VisitScheduled | VisitMoved)]
    if not dated:
        return
    found = {
        str(one.id): one for one in await visits_store.by_ids(tx.session, {UUID(event.subject) for event in dated})
    }
    lists = await checklists(tx.session, [one for one in found.values() if one.stands is VisitState.SCHEDULED])
    for event in dated:
        visit = found.get(str(event.subject))
        ready = lists[visit.id].ready if visit is not None and visit.id in lists else ()
        if visit is not None and ready:
            told = PartPrepared(application_id=visit.application_id, visit_id=visit.id, parties=ready)
            await tx.react(event, told, visit.match_id, correlation=visit.application_id)
