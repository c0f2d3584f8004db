"""The API of what-ifs: JSON over the same reads and actions as the pages, with the same access rules."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.matching.interventions import store
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis, OtherTerms, Outcome
from services.matching.interventions.store import WhatIf
from services.matching.overview.store import board
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import Reach, reach

COORDINATORS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER)

router = APIRouter(prefix="/matching/api/v1", tags=["what-ifs"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class WhatIfIn(BaseModel):
    """A call to be matched again under other terms, from its present state (`now`) or from the `start`."""

    call_id: UUID
    basis: Basis = Basis.NOW
    terms: OtherTerms


class WhatIfOut(BaseModel):
    """A what-if: its progress (`step` of `steps`), the terms compared, and the outcome once it is done.

    `moved` names applications within the reader's reach; the counts cover all.
    """

    id: UUID
    call_id: UUID
    basis: Basis
    state: str
    step: int
    steps: int
    asked_at: datetime
    revision: int
    own: OtherTerms
    other: OtherTerms
    outcome: Outcome | None = None
    problem: str | None = None


@router.post("/what-ifs", status_code=202)
async def ask(bus: BusDep, who: Programme, body: WhatIfIn) -> WhatIfOut:
    """Match a call again under other terms. Nothing is published; follow it at `what-ifs/{id}`."""
    what_if_id = await what_ifs.ask(bus, who.subject, body.call_id, body.basis, body.terms)
    return await _what_if(bus, reach(who), what_if_id)


@router.get("/what-ifs")
async def listed(bus: BusDep, _: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """The what-ifs of a call or of all, the newest first (100 at most), without their outcomes."""
    async with bus.read() as session:
        rows = await store.listed(session, call_id)
    return {"what_ifs": [row.model_dump(exclude={"outcome", "asked_by"}) for row in rows]}


@router.get("/what-ifs/{what_if_id}")
async def what_if(bus: BusDep, who: Coordinator, what_if_id: UUID) -> WhatIfOut:
    """One what-if."""
    return await _what_if(bus, reach(who), what_if_id)


@router.post("/what-ifs/{what_if_id}/cancel")
async def cancel(bus: BusDep, who: Programme, what_if_id: UUID) -> WhatIfOut:
    """Stop a what-if that waits or is under way."""
    await what_ifs.cancel(bus, who.subject, what_if_id)
    return await _what_if(bus, reach(who), what_if_id)


async def _what_if(bus: Bus, within: Reach, what_if_id: UUID) -> WhatIfOut:
    async with bus.read() as session:
        row = await store.what_if(session, what_if_id)
        if row is None:
            raise Refused(gettext("There is no such what-if."), 404)
        outcome = Outcome.model_validate(row.outcome) if row.outcome else None
        if outcome is not None and not within.everything:
            mine = await board.within(session, within, [each.application_id for each in outcome.moved])
            outcome.moved = tuple(each for each in outcome.moved if each.application_id in mine)
    return _whole(row, outcome)


def _whole(row: WhatIf, outcome: Outcome | None) -> WhatIfOut:
    return WhatIfOut(
        id=row.id,
        call_id=row.call_id,
        basis=Basis(row.basis),
        state=row.state,
        step=row.step,
        steps=row.steps,
        asked_at=row.asked_at,
        revision=row.revision,
        own=OtherTerms.model_validate(row.own),
        other=OtherTerms.model_validate(row.other),
        outcome=outcome,
        problem=row.problem,
    )
