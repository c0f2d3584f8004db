"""Name, answer, leave and remove companions."""

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
from services.applications.refusals import may_proceed, not_found, own
from shared.bus import Bus, Lease, Tx
from shared.bus.db import leases
from shared.contracts.applications import CompanionAnswered, CompanionAsked
from shared.contracts.codes import ApplicationKind, ApplicationMode, ApplicationState, CompanionAnswer
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.identity.scope import is_self, may_act_for_organisation
from shared.ids import new_id
from shared.time import clock


def of_case(application: Application, companion: store.Companion) -> dict[str, object]:
    """What an event says of whose case it is."""
    return {
        "companion_id": companion.id,
        "mode": companion.as_,
        "call_id": application.call_id,
        "kind": application.for_,
        "country": application.country,
        "organisation_id": application.organisation_id,
        "reference": application.reference,
    }


async def still_open(session: AsyncSession, application: Application) -> None:
    """Raises `Refused` (404; 409 once a place is offered or the application has ended; what was returned is open)."""
    case = await case_of(session, application.id)
    if case is None:
        raise not_found()
    if application.own_state is not ApplicationState.RETURNED_FOR_INFORMATION:
        may_proceed(companions.open_for_change, case.shown_state)


def officers(companion: store.Companion) -> bool:
    """Whether an officer is named, who applies too: not a placement, not a mentor."""
    if companion.as_ is ApplicationMode.GROUP:
        return True
    return companion.for_ is ApplicationKind.STUDY_VISIT and companion.organisation_id is None


def named(principal: Principal, companion: store.Companion) -> bool:
    """Whether it is the principal who is named, or a placement of the own organisation."""
    if companion.organisation_id is not None:
        return may_act_for_organisation(principal, companion.organisation_id)
    return is_self(principal, companion.subject)


async def known(session: AsyncSession, principal: Principal, companion_id: UUID) -> store.Companion:
    """A row that names the principal. Raises `Refused` (404) for whoever is not named."""
    seen = await store.companion(session, companion_id)
    if seen is None or not named(principal, seen):
        raise not_found()
    return seen


async def locked(
    tx: Tx, principal: Principal, companion_id: UUID
) -> tuple[store.Companion, Application, Application | None]:
    """The row, the application that names, and the own one; applications are locked first, in the order of their ids.

    Raises `Refused` (404) for whoever is not named.
    """
    seen = await known(tx.session, principal, companion_id)
    mine = None
    if officers(seen):
        mine = await applications.newest_for(tx.session, principal.subject, seen.call_id, seen.kind)
    ids = [seen.application_id, *([] if mine is None else [mine.id])]
    held = {one.id: one for one in await applications.locked(tx.session, ids)}
    companion = await store.companion(tx.session, companion_id, lock=True)
    if companion is None or seen.application_id not in held:
        raise not_found()
    return companion, held[seen.application_id], None if mine is None else held.get(mine.id)


async def answer(bus: Bus, principal: Principal, companion_id: UUID, *, yes: bool) -> store.Companion:
    """Confirm or decline a naming; officers who confirm need an own application for the same call.

    Raises `Refused` (404; 409 where it was taken back, or is too late; 422 without an own application).
    """
    async with bus.transaction(principal.subject) as tx:
        companion, application, mine = await locked(tx, principal, companion_id)
        if not may_proceed(companions.answered, companion.stands, yes=yes):
            return companion
        if yes:
            await still_open(tx.session, application)
            if officers(companion):
                if mine is None:
                    sentence = gettext("Begin an application for this call first, then say yes.")
                    raise Refused(sentence, 422, {"application": sentence})
                await still_open(tx.session, mine)
                await _free(tx.session, mine, companion)
                companion.named_id = mine.id
        companion.state = companions.answered(companion.stands, yes=yes)
        companion.answered_at = clock.now()
        tx.session.add(companion)
        if yes and mine is not None and companion.as_ is ApplicationMode.PRE_MATCHED:
            tx.session.add(_back(companion, application, mine))
        await tx.session.flush()
        given = CompanionAnswer.CONFIRMED if yes else CompanionAnswer.DECLINED
        await tx.record(CompanionAnswered(**of_case(application, companion), answer=given), application.id)
        await changes.told_company(tx, application)
        if yes and mine is not None:
            await changes.told_company(tx, mine)
        await tx.changed("applications")
        return companion


def _back(companion: store.Companion, application: Application, mine: Application) -> store.Companion:
    """The naming back: that of the officer who said yes."""
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


async def _free(session: AsyncSession, mine: Application, companion: store.Companion) -> None:
    """Raises `Refused` (409) for an officer who applies with others already."""
    live = await store.live_by(session, [mine.id])
    may_proceed(
        companions.alone,
        member=await store.group_of(session, mine.id) is not None,
        leads=any(one.as_ is ApplicationMode.GROUP for one in live),
        paired=any(one.as_ is ApplicationMode.PRE_MATCHED and one.subject != companion.subject for one in live),
    )


async def name(
    bus: Bus, principal: Principal, application_id: UUID, mode: ApplicationMode, written: str
) -> store.Companion:
    """Name a counterpart, or ask somebody into the own group, by reference or service e-mail.

    The answer is the same whoever is meant, and if nobody is. Raises `Refused` (404; 409 where it cannot be now; 422).
    """
    written = read_reference(written)
    async with bus.transaction(principal.subject) as tx:
        seen = await applications.application(tx.session, application_id)
        if seen is None or not is_self(principal, seen.subject):
            raise not_found()
        meant = await find_companion(tx.session, seen, mode, written)
        # Both are locked in one order, so that two who name each other at once do not wait for each other.
        theirs = meant.named_id if meant.subject is not None else None
        await applications.locked(tx.session, [application_id, *([] if theirs is None else [theirs])])
        application = await own(tx, principal, application_id)
        await still_open(tx.session, application)
        live = await store.live_by(tx.session, [application.id])
        if any(one.written.lower() == written.lower() for one in live):
            raise Refused(gettext("You have named them already."), 409)
        call = await calls_store.call(tx.session, application.call_id)
        assert call is not None
        group = mode is ApplicationMode.GROUP
        leads = any(one.as_ is ApplicationMode.GROUP for one in live)
        may_proceed(
            companions.alone,
            member=await store.group_of(tx.session, application.id) is not None,
            leads=leads and not group,
            paired=any(one.as_ is ApplicationMode.PRE_MATCHED for one in live),
        )
        if group:
            may_proceed(companions.ask, len(live), call.terms.group_size)
        if meant.subject == principal.subject:
            sentence = gettext("This is yourself. Name somebody else.")
            raise Refused(sentence, 422, {"written": sentence})
        companion = store.Companion(
            id=new_id(),
            mode=mode,
            application_id=application.id,
            call_id=application.call_id,
            kind=application.kind,
            written=written,
            subject=meant.subject,
            organisation_id=meant.organisation_id,
            named_id=None if group else meant.named_id,
            asked_at=clock.now(),
        )
        tx.session.add(companion)
        await tx.session.flush()
        if not await _both(tx, application, companion, meant.names) and meant.known:
            await tx.record(CompanionAsked(**of_case(application, companion)), application.id)
        await changes.told_company(tx, application)
        await tx.changed("applications")
        return companion


async def _both(tx: Tx, application: Application, companion: store.Companion, kept_for: UUID | None) -> bool:
    """Whether a counterpart has named this officer before: then both are agreed. Who names others hears of that."""
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
    back = [one for one in back if one.as_ is ApplicationMode.PRE_MATCHED]
    mutual = next((one for one in back if one.subject == application.subject), None)
    if theirs is not None and mutual is not None and mutual.stands is CompanionState.ASKED:
        await _pair(tx, application, companion, theirs, mutual)
        return True
    if back and mutual is None:
        await _mismatch(tx, application, companion)
    return False


async def _pair(
    tx: Tx, application: Application, companion: store.Companion, theirs: Application, mutual: store.Companion
) -> None:
    """Confirm two officers who name each other: both applications change, and who named first is notified."""
    held = {one.id: one for one in await applications.locked(tx.session, [application.id, theirs.id])}
    moment = clock.now()
    for one, other in ((companion, theirs), (mutual, application)):
        one.state, one.named_id, one.answered_at = CompanionState.CONFIRMED, other.id, moment
        tx.session.add(one)
    await tx.session.flush()
    event = CompanionAnswered(**of_case(theirs, mutual), answer=CompanionAnswer.CONFIRMED)
    await tx.record(event, theirs.id)
    await changes.told_company(tx, held[theirs.id])


async def _mismatch(tx: Tx, application: Application, companion: store.Companion) -> None:
    """Record once that each names somebody, but not each other: both are notified."""
    if companion.mismatch:
        return
    companion.mismatch = True
    tx.session.add(companion)
    event = CompanionAnswered(**of_case(application, companion), answer=CompanionAnswer.MISMATCH)
    await tx.record(event, application.id)


async def leave(bus: Bus, principal: Principal, companion_id: UUID) -> store.Companion:
    """Leave the group or the pair, as a confirmed companion. Raises `Refused` (404; 409 once a place is offered)."""
    async with bus.transaction(principal.subject) as tx:
        companion, application, mine = await locked(tx, principal, companion_id)
        if not may_proceed(companions.left, companion.stands):
            return companion
        if mine is not None:
            await still_open(tx.session, mine)
        await end(tx, companion, application, CompanionState.LEFT)
        return companion


async def remove(bus: Bus, principal: Principal, companion_id: UUID) -> store.Companion:
    """Take back a naming, as the officer who named. Raises `Refused` (404; 409 once a place is offered)."""
    async with bus.transaction(principal.subject) as tx:
        seen = await store.companion(tx.session, companion_id)
        if seen is None:
            raise not_found()
        ids = [seen.application_id, *([seen.named_id] if officers(seen) and seen.named_id else [])]
        held = {one.id: one for one in await applications.locked(tx.session, ids)}
        application = held.get(seen.application_id)
        if application is None or not is_self(principal, application.subject):
            raise not_found()
        companion = await store.companion(tx.session, companion_id, lock=True)
        assert companion is not None
        if not may_proceed(companions.removed, companion.stands):
            return companion
        await still_open(tx.session, application)
        await end(tx, companion, application, CompanionState.REMOVED)
        return companion


async def end(tx: Tx, companion: store.Companion, application: Application | None, state: CompanionState) -> None:
    """Bring a live row to its end, with the naming back of a pair, and tell the other side and both applications."""
    confirmed = companion.stands is CompanionState.CONFIRMED
    companion.state, companion.answered_at = state, clock.now()
    tx.session.add(companion)
    concerned = {companion.application_id}
    if confirmed and officers(companion) and companion.named_id is not None:
        concerned.add(companion.named_id)
        for back in await store.live_by(tx.session, [companion.named_id]):
            if back.as_ is ApplicationMode.PRE_MATCHED and back.named_id == companion.application_id:
                back.state, back.answered_at = CompanionState.LEFT, clock.now()
                tx.session.add(back)
    await tx.session.flush()
    if application is not None and (confirmed or companion.subject or companion.organisation_id):
        given = CompanionAnswer.LEFT if state is CompanionState.LEFT else CompanionAnswer.REMOVED
        await tx.record(CompanionAnswered(**of_case(application, companion), answer=given), application.id)
    for one in await applications.locked(tx.session, concerned):
        await changes.told_company(tx, one)
    await tx.changed("applications")


_GONE = frozenset({ApplicationState.WITHDRAWN, ApplicationState.CANCELLED, ApplicationState.VOIDED})


async def end_adrift(bus: Bus, lease: Lease | None = None) -> int:
    """End companions of applications that were withdrawn, cancelled, voided or deleted; return how many.

    A hundred at the most. Raises `LeaseLost`.
    """
    async with bus.transaction("system:clock") as tx:
        if lease is not None:
            await leases.check(tx.session, lease)
        found = await store.adrift(tx.session)
        for companion in found:
            application = await applications.application(tx.session, companion.application_id)
            over = application is None or application.own_state in _GONE
            await end(tx, companion, application, CompanionState.REMOVED if over else CompanionState.LEFT)
    return len(found)


__all__ = ["MOST_WRITTEN", "answer", "end_adrift", "known", "leave", "name", "named", "remove"]
