"""What do all steps of applying together share: the locked rows, is it still open, what does an event say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions.common import not_found
from services.applications.actions.now import goes
from services.applications.actions.standing import case_of
from services.applications.model import company as model
from services.applications.store import applications
from services.applications.store import companions as store
from shared.contracts.codes import ApplicationKind, ApplicationMode, ApplicationState
from shared.identity.scope import is_self, may_act_for_organisation

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.store.applications import Application
    from shared.bus import Tx
    from shared.identity import Principal


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
        goes(model.open_for_change, case.shown_state)


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
