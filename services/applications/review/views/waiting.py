"""Count the applications and appeals that wait for somebody's decision, or are overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.overview.model import QueueFilters
from services.applications.overview.store import queue
from services.applications.review import store
from services.applications.waiting import counted
from shared.contracts.codes import ApplicationState, Role
from shared.i18n import gettext, ngettext
from shared.time import clock
from shared.web import states

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader, Waiting


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return what of the queue waits for the reader or is urgent, each with a link to its rows."""
    principal = reader.principal
    if not principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    found = await queue.figures(session, queue.Reader(principal, clock.now(), reader.deciders), QueueFilters())
    _, appealed = await store.within(session, principal, "waits", 1)
    rows = []
    if principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER):
        name = ngettext(
            "application is waiting for your decision", "applications are waiting for your decision", found.needs
        )
        rows += counted(found.needs, name, "/applications/cases?needs=me")
    if principal.has(Role.PROGRAMME_COORDINATOR):
        endorsed = found.states.get(ApplicationState.ENDORSED, 0)
        name = ngettext("is waiting for eligibility", "are waiting for eligibility", endorsed)
        rows += counted(endorsed, name, "/applications/eligibility")
        rows += counted(found.silence, gettext("passed to you after no answer"), "/applications/cases?needs=silence")
    name = ngettext("appeal is waiting for you", "appeals are waiting for you", appealed)
    rows += counted(appealed, name, "/applications/appeals?state=waits")
    rows += counted(found.overdue, gettext("overdue"), "/applications/cases?due=overdue")
    returned = states.state("application", ApplicationState.RETURNED_FOR_INFORMATION)
    number = found.states.get(ApplicationState.RETURNED_FOR_INFORMATION, 0)
    rows += counted(number, returned.word, "/applications/cases?state=returned_for_information", "office")
    return rows
