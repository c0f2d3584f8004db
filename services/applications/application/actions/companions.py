"""Name, answer, leave and remove companions."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.actions import changes
from services.applications.application.actions.companion_search import MOST_WRITTEN, find_companion, read_reference
from services.applications.application.model import companions
from services.applications.application.model.companions import CompanionState
from services.applications.application.store import applications
from services.applications.application.store import companions as store
from services.applications.application.store.applications import Application
from services.applications.application.views.standing import case_of
from services.applications.calls import store as calls_store
from services.applications.message_quota import MessageKind, count_message
from services.applications.refusals import may_proceed, not_found
from services.applications.tables import AT_ONCE
from shared.bus import Bus, Lease, Tx
from shared.bus.set_aside import SetAside
from shared.contracts.applications import CompanionAnswered, CompanionAsked
from shared.contracts.codes import ApplicationKind, ApplicationMode, ApplicationState, CompanionAnswer
from shared.contracts.lifecycle.state_sets import APPLICATION_ENDED
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.identity.scope import is_self, may_act_for_organisation
from shared.ids import new_id
from shared.time import clock


def event_case(application: Application, companion: store.Companion) -> dict[str, object]:
    """Return what an event says of whose case it is."""
    return {
        "companion_id": companion.id,
        "mode": companion.as_,
        "call_id": application.call_id,
        "kind": application.for_,
        "country": application.country,
        "organisation_id": application.organisation_id,
        "reference": application.reference,
    }


async def check_open(session: AsyncSession, application: Application) -> None:
    """Raises `Refused` (404; 409 once a place is offered or the application has ended; what was returned is open)."""
    case = await case_of(session, application.id)
    if case is None:
        raise not_found()
    if application.own_state is not ApplicationState.RETURNED_FOR_INFORMATION:
        may_proceed(companions.check_open_for_change, case.shown_state)


def names_officer(companion: store.Companion) -> bool:
    """Return whether an officer is named, who applies too: not a placement, not a mentor."""
    if companion.as_ is ApplicationMode.GROUP:
        return True
    return companion.for_ is ApplicationKind.STUDY_VISIT and companion.organisation_id is None


def is_named(principal: Principal, companion: store.Companion) -> bool:
    """Return whether it is the principal who is named, or a placement of the officer's own organisation."""
    if companion.organisation_id is not None:
        return may_act_for_organisation(principal, companion.organisation_id)
    return is_self(principal, companion.subject)


async def named_companion(session: AsyncSession, principal: Principal, companion_id: UUID) -> store.Companion:
    """Return a row that names the principal. Raises `Refused` (404) for anybody else."""
    companion = await store.companion(session, companion_id)
    if companion is None or not is_named(principal, companion):
        raise not_found()
    return companion


async def lock_companion(
    tx: Tx, principal: Principal, companion_id: UUID
) -> tuple[store.Companion, Application, Application | None]:
    """Return the row, the naming application and the principal's own; applications are locked first, by id.

    Raises `Refused` (404) for anybody else.
    """
    unlocked = await named_companion(tx.session, principal, companion_id)
    mine = None
    if names_officer(unlocked):
        mine = await applications.newest_for(tx.session, principal.subject, unlocked.call_id, unlocked.kind)
    ids = [unlocked.application_id, *([] if mine is None else [mine.id])]
    applications_by_id = {application.id: application for application in await applications.locked(tx.session, ids)}
    companion = await store.companion(tx.session, companion_id, lock=True)
    if companion is None or unlocked.application_id not in applications_by_id:
        raise not_found()
    return (
        companion,
        applications_by_id[unlocked.application_id],
        None if mine is None else applications_by_id.get(mine.id),
    )


async def answer(bus: Bus, principal: Principal, companion_id: UUID, *, yes: bool) -> store.Companion:
    """Confirm or decline a naming; officers who confirm need an own application for the same call.

    Raises `Refused` (404; 409 where it was taken back, or is too late; 422 without an own application).
    """
    async with bus.transaction(principal.subject) as tx:
        companion, application, mine = await lock_companion(tx, principal, companion_id)
        if not may_proceed(companions.after_answer, companion.stands, yes=yes):
            return companion
        if yes:
            await check_open(tx.session, application)
            if names_officer(companion):
                if mine is None:
                    sentence = gettext("Start an application for this call first, then say yes.")
                    raise Refused(sentence, 422, {"application": sentence})
                await check_open(tx.session, mine)
                await _check_free(tx.session, mine, companion)
                await _leave_ended_group(tx, mine)
                companion.named_id = mine.id
        companion.state = companions.after_answer(companion.stands, yes=yes)
        companion.answered_at = clock.now()
        tx.session.add(companion)
        if yes and mine is not None and companion.as_ is ApplicationMode.PRE_MATCHED:
            tx.session.add(_mutual_companion(companion, application, mine))
        await tx.session.flush()
        companion_answer = CompanionAnswer.CONFIRMED if yes else CompanionAnswer.DECLINED
        await tx.record(
            CompanionAnswered(**event_case(application, companion), answer=companion_answer), application.id
        )
        await changes.record_company_change(tx, application)
        if yes and mine is not None:
            await changes.record_company_change(tx, mine)
        await tx.changed("applications")
        return companion


def _mutual_companion(companion: store.Companion, application: Application, mine: Application) -> store.Companion:
    """Return the row of the officer who said yes, which names the other back."""
    return store.Companion(
        id=new_id(),
        mode=companion.mode,
        application_id=mine.id,
        call_id=companion.call_id,
        kind=companion.kind,
        written=application.reference or companion.written,
        subject=application.subject,
        named_id=application.id,
        state=CompanionState.CONFIRMED,
        asked_at=clock.now(),
        answered_at=clock.now(),
    )


async def _leave_ended_group(tx: Tx, mine: Application) -> None:
    """End the membership in a group whose leader's application is over, as the sweep would."""
    membership = await store.ended_group_of(tx.session, mine.id)
    if membership is None:
        return
    membership.state, membership.answered_at = CompanionState.REMOVED, clock.now()
    tx.session.add(membership)
    await tx.session.flush()
    leader = await applications.application(tx.session, membership.application_id)
    if leader is not None:
        event = CompanionAnswered(**event_case(leader, membership), answer=CompanionAnswer.REMOVED)
        await tx.record(event, leader.id)


async def _check_free(session: AsyncSession, mine: Application, companion: store.Companion) -> None:
    """Raises `Refused` (409) for an officer who applies with others already."""
    live = await store.live_by(session, [mine.id])
    may_proceed(
        companions.check_alone,
        member=await store.group_of(session, mine.id) is not None,
        leads=any(row.as_ is ApplicationMode.GROUP for row in live),
        paired=any(row.as_ is ApplicationMode.PRE_MATCHED and row.subject != companion.subject for row in live),
    )


async def name(
    bus: Bus, principal: Principal, application_id: UUID, mode: ApplicationMode, written: str
) -> store.Companion:
    """Name a counterpart, or ask somebody into the officer's own group, by reference or service e-mail.

    The answer does not depend on who is meant, or whether anybody is.
    Raises `Refused` (404; 409 where it cannot be now; 422).
    """
    written = read_reference(written)
    async with bus.transaction(principal.subject) as tx:
        unlocked = await applications.application(tx.session, application_id)
        if unlocked is None or not is_self(principal, unlocked.subject):
            raise not_found()
        found = await find_companion(tx.session, unlocked, mode, written)
        # Both are locked in one order, so that two who name each other at once do not wait for each other.
        theirs = found.named_id if found.subject is not None else None
        await applications.locked(tx.session, [application_id, *([] if theirs is None else [theirs])])
        application = await applications.own(tx.session, principal, application_id)
        await check_open(tx.session, application)
        live = await store.live_by(tx.session, [application.id])
        if any(row.written.lower() == written.lower() for row in live):
            raise Refused(gettext("You have already named them."), code=ProblemCode.DUPLICATE)
        call = await calls_store.call(tx.session, application.call_id)
        assert call is not None
        group = mode is ApplicationMode.GROUP
        leads = any(row.as_ is ApplicationMode.GROUP for row in live)
        may_proceed(
            companions.check_alone,
            member=await store.group_of(tx.session, application.id) is not None,
            leads=leads and not group,
            paired=any(row.as_ is ApplicationMode.PRE_MATCHED for row in live),
        )
        if group:
            may_proceed(companions.check_group_size, len(live), call.terms.group_size)
        if found.subject == principal.subject:
            sentence = gettext("This is you. Name somebody else.")
            raise Refused(sentence, 422, {"written": sentence})
        await count_message(tx, MessageKind.COMPANION)
        companion = store.Companion(
            id=new_id(),
            mode=mode,
            application_id=application.id,
            call_id=application.call_id,
            kind=application.kind,
            written=written,
            subject=found.subject,
            organisation_id=found.organisation_id,
            named_id=None if group else found.named_id,
            asked_at=clock.now(),
        )
        tx.session.add(companion)
        await tx.session.flush()
        if not await _confirm_if_mutual(tx, application, companion, found.names) and found.found_somebody:
            await tx.record(CompanionAsked(**event_case(application, companion)), application.id)
        await changes.record_company_change(tx, application)
        await tx.changed("applications")
        return companion


async def _confirm_if_mutual(
    tx: Tx, application: Application, companion: store.Companion, kept_for: UUID | None
) -> bool:
    """Confirm both if the counterpart has named this officer before. Who names others hears of that."""
    if kept_for is not None:
        if kept_for != application.id:
            await _mismatch(tx, application, companion)
            return False
        companion.state, companion.answered_at = CompanionState.CONFIRMED, clock.now()
        await tx.session.flush()
        return True
    if companion.as_ is not ApplicationMode.PRE_MATCHED or companion.subject is None:
        return False
    if companion.for_ is ApplicationKind.MENTEE:
        return False
    theirs = await applications.newest_for(tx.session, companion.subject, companion.call_id, companion.kind)
    back = [] if theirs is None else await store.live_by(tx.session, [theirs.id])
    back = [row for row in back if row.as_ is ApplicationMode.PRE_MATCHED]
    mutual = next((row for row in back if row.subject == application.subject), None)
    if theirs is not None and mutual is not None and mutual.stands is CompanionState.ASKED:
        await _pair(tx, application, companion, theirs, mutual)
        return True
    if back and mutual is None:
        await _mismatch(tx, application, companion)
    return False


async def _pair(
    tx: Tx, application: Application, companion: store.Companion, theirs: Application, mutual: store.Companion
) -> None:
    """Confirm two officers who name each other: both applications change, and the one who named first is notified."""
    applications_by_id = {
        application_.id: application_
        for application_ in await applications.locked(tx.session, [application.id, theirs.id])
    }
    moment = clock.now()
    for record, other in ((companion, theirs), (mutual, application)):
        record.state, record.named_id, record.answered_at = CompanionState.CONFIRMED, other.id, moment
        tx.session.add(record)
    await tx.session.flush()
    event = CompanionAnswered(**event_case(theirs, mutual), answer=CompanionAnswer.CONFIRMED)
    await tx.record(event, theirs.id)
    await changes.record_company_change(tx, applications_by_id[theirs.id])


async def _mismatch(tx: Tx, application: Application, companion: store.Companion) -> None:
    """Record once that each names somebody, but not each other: both are notified."""
    if companion.mismatch:
        return
    companion.mismatch = True
    tx.session.add(companion)
    event = CompanionAnswered(**event_case(application, companion), answer=CompanionAnswer.MISMATCH)
    await tx.record(event, application.id)


async def leave(bus: Bus, principal: Principal, companion_id: UUID) -> store.Companion:
    """Leave the group or the pair, as a confirmed companion. Raises `Refused` (404; 409 once a place is offered)."""
    async with bus.transaction(principal.subject) as tx:
        companion, application, mine = await lock_companion(tx, principal, companion_id)
        if not may_proceed(companions.after_leaving, companion.stands):
            return companion
        if mine is not None:
            await check_open(tx.session, mine)
        await end(tx, companion, application, CompanionState.LEFT)
        return companion


async def remove(bus: Bus, principal: Principal, companion_id: UUID) -> store.Companion:
    """Take back a naming, as the officer who named. Raises `Refused` (404; 409 once a place is offered)."""
    async with bus.transaction(principal.subject) as tx:
        unlocked = await store.companion(tx.session, companion_id)
        if unlocked is None:
            raise not_found()
        ids = [unlocked.application_id, *([unlocked.named_id] if names_officer(unlocked) and unlocked.named_id else [])]
        applications_by_id = {row.id: row for row in await applications.locked(tx.session, ids)}
        application = applications_by_id.get(unlocked.application_id)
        if application is None or not is_self(principal, application.subject):
            raise not_found()
        companion = await store.companion(tx.session, companion_id, lock=True)
        assert companion is not None
        if not may_proceed(companions.after_removal, companion.stands):
            return companion
        await check_open(tx.session, application)
        await end(tx, companion, application, CompanionState.REMOVED)
        return companion


async def end(tx: Tx, companion: store.Companion, application: Application | None, state: CompanionState) -> None:
    """Bring a live row to its end, with the naming back of a pair, and tell the other side and both applications."""
    confirmed = companion.stands is CompanionState.CONFIRMED
    companion.state, companion.answered_at = state, clock.now()
    tx.session.add(companion)
    concerned = {companion.application_id}
    if confirmed and names_officer(companion) and companion.named_id is not None:
        concerned.add(companion.named_id)
        for back in await store.live_by(tx.session, [companion.named_id]):
            if back.as_ is ApplicationMode.PRE_MATCHED and back.named_id == companion.application_id:
                back.state, back.answered_at = CompanionState.LEFT, clock.now()
                tx.session.add(back)
    await tx.session.flush()
    if application is not None and (confirmed or companion.subject or companion.organisation_id):
        companion_answer = CompanionAnswer.LEFT if state is CompanionState.LEFT else CompanionAnswer.REMOVED
        await tx.record(
            CompanionAnswered(**event_case(application, companion), answer=companion_answer), application.id
        )
    for affected in await applications.locked(tx.session, concerned):
        await changes.record_company_change(tx, affected)
    await tx.changed("applications")


_GONE = frozenset(APPLICATION_ENDED)
ENDING = N_("Companions of ended applications")


async def end_orphaned(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> int:
    """End companions of applications that were withdrawn, cancelled, voided or deleted; return how many.

    One that fails is set aside. Raises `LeaseLost`.
    """
    async with bus.read() as session:
        ids = await store.orphaned(session)
    return await (aside or SetAside(bus, ENDING)).each(ids, partial(_end_orphaned, bus, lease), at_once=AT_ONCE)


async def _end_orphaned(bus: Bus, lease: Lease | None, ids: Sequence[UUID]) -> int:
    async with bus.transaction("system:clock", lease) as tx:
        found = await store.lock_orphaned(tx.session, ids)
        for companion in found:
            application = await applications.application(tx.session, companion.application_id)
            over = application is None or application.own_state in _GONE
            await end(tx, companion, application, CompanionState.REMOVED if over else CompanionState.LEFT)
    return len(found)


__all__ = ["MOST_WRITTEN", "answer", "end_orphaned", "is_named", "leave", "name", "named_companion", "remove"]
