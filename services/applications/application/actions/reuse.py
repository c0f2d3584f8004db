"""Fill an untouched draft with the answers of an earlier application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model import reuse
from services.applications.application.model.answers import answers_from_register
from services.applications.application.model.states import FINAL
from services.applications.application.store import applications as store
from services.applications.calls import store as calls_store
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import ApplicationState, CallState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import is_self
from shared.time import clock
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from shared.bus import Bus
    from shared.identity import Principal


def untouched(application: store.Application) -> bool:
    """Return whether nobody has written in a draft yet."""
    return application.own_state is ApplicationState.DRAFT and application.saved_at == application.created_at


async def earlier(session: AsyncSession, application: store.Application) -> store.Application | None:
    """Return the officer's newest other submitted application, offered while the draft is untouched.

    One of the same kind goes before one of the other, in which most is the same and need not be asked twice either.
    """
    if not untouched(application):
        return None
    mine = await store.of_officer(session, application.subject)
    sent = [row for row in mine if row.submitted_at is not None and row.id != application.id]
    return next(iter(sorted(sent, key=lambda earlier: earlier.kind != application.kind)), None)


async def next_calls(session: AsyncSession, application: store.Application) -> list[calls_store.Call]:
    """Return the calls in which an application that ended without a place can be reused, by deadline.

    None where it has not ended so, or where the officer has begun in that call already.
    """
    if application.own_state not in FINAL or application.submitted_at is None:
        return []
    begun = {row.call_id for row in await store.of_officer(session, application.subject)}
    found = await calls_store.calls(session, state=CallState.PUBLISHED)
    able = [
        found_call for found_call in found if found_call.takes_applications(arrived()) and found_call.id not in begun
    ]
    return sorted((call for call in able if application.for_ in call.terms.kinds), key=lambda call: call.deadline)


async def take_over(bus: Bus, principal: Principal, application_id: UUID, earlier_id: UUID) -> store.Application:
    """Fill an untouched draft with the answers of an own earlier application, as far as they still apply.

    Raises `Refused` (404; 409 where something was written already).
    """
    async with bus.transaction(principal.subject) as tx:
        application = await store.own(tx.session, principal, application_id)
        before = await store.application(tx.session, earlier_id)
        if before is None or not is_self(principal, before.subject) or before.submitted_at is None:
            raise not_found()
        if not untouched(application) or before.id == application.id:
            raise Refused(gettext("You have already started writing, so your earlier answers were not copied."), 409)
        calls = await calls_store.calls_by_id(tx.session, [application.call_id, before.call_id])
        person = await entries.person(tx.session, principal.subject)
        if person is None:
            raise not_found()
        answers = reuse.carried_over(
            before.answers,
            answers_from_register(person),
            scheme=calls[before.call_id].terms.scheme,
            terms=calls[application.call_id].terms,
            today=clock.today(),
            took_part=await store.took_part(tx.session, principal.subject),
        )
        application.answers_json = answers.model_dump(mode="json")
        application.earlier_id = before.id
        application.saved_at = clock.now()
        tx.session.add(application)
        return application


async def out_of_date(session: AsyncSession, case: Case) -> dict[str, str]:
    """Return which of the reused answers are out of date, by task; nothing where none were reused."""
    if case.application.earlier_id is None or case.application.own_state is not ApplicationState.DRAFT:
        return {}
    before = await store.application(session, case.application.earlier_id)
    call = None if before is None else await calls_store.call(session, before.call_id)
    if before is None or call is None:
        return {}
    return reuse.out_of_date(before.answers, scheme=call.terms.scheme, terms=case.terms, today=clock.today())
