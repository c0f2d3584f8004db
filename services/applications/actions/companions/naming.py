"""With whom does an officer apply? Names a counterpart, or asks into a group.

Somebody who is named by mistake, or is not there, looks the same to whoever names as somebody who has not answered:
only what both have said is shown to both (`domain.md`, "Pre-matched and group members agree to know each other").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions import changes
from services.applications.actions.common import not_found, own
from services.applications.actions.companions.meant import readable, whom
from services.applications.actions.companions.parts import of_case, still_open
from services.applications.actions.now import goes
from services.applications.model import company as model
from services.applications.model.company import CompanionState
from services.applications.store import applications, calls
from services.applications.store import companions as store
from shared import clock
from shared.contracts.applications import CompanionAnswered, CompanionAsked
from shared.contracts.codes import ApplicationKind, ApplicationMode, CompanionAnswer
from shared.identity.scope import is_self
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.store.applications import Application
    from shared.bus import Bus, Tx
    from shared.identity import Principal


async def name(
    bus: Bus, principal: Principal, application_id: UUID, mode: ApplicationMode, written: str
) -> store.Companion:
    """Name a counterpart, or ask somebody into the own group, by reference or service e-mail.

    The answer is the same whoever is meant, and if nobody is. Raises `Refused` (404; 409 where it cannot be now; 422).
    """
    written = readable(written)
    async with bus.transaction(principal.subject) as tx:
        seen = await applications.application(tx.session, application_id)
        if seen is None or not is_self(principal, seen.subject):
            raise not_found()
        meant = await whom(tx.session, seen, mode, written)
        # Both are locked in one order, so that two who name each other at once do not wait for each other.
        theirs = meant.named_id if meant.subject is not None else None
        await applications.locked(tx.session, [application_id, *([] if theirs is None else [theirs])])
        application = await own(tx, principal, application_id)
        await still_open(tx.session, application)
        live = await store.live_by(tx.session, [application.id])
        if any(one.written.lower() == written.lower() for one in live):
            raise Refused(gettext("You have named them already."), 409)
        call = await calls.call(tx.session, application.call_id)
        assert call is not None
        group = mode is ApplicationMode.GROUP
        leads = any(one.as_ is ApplicationMode.GROUP for one in live)
        goes(
            model.alone,
            member=await store.group_of(tx.session, application.id) is not None,
            leads=leads and not group,
            paired=any(one.as_ is ApplicationMode.PRE_MATCHED for one in live),
        )
        if group:
            goes(model.ask, len(live), call.terms.group_size)
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
    """Both officers name each other: each application says so, and who named first is told."""
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
    """Each names somebody, but not each other: both are told, once."""
    if companion.mismatch:
        return
    companion.mismatch = True
    tx.session.add(companion)
    event = CompanionAnswered(**of_case(application, companion), answer=CompanionAnswer.MISMATCH)
    await tx.record(event, application.id)
