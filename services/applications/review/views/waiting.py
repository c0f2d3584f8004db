"""List the applications and appeals that wait for somebody's decision, or are overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.overview.model import QueueFilters
from services.applications.overview.store import queue
from services.applications.register.store import entries
from services.applications.review.views.case import case_address
from services.applications.waiting import MOST, Waiting, first_of, summed
from shared.contracts.codes import ApplicationState, Role
from shared.i18n import N_, gettext, ngettext
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.store.queue import Line
    from services.applications.waiting import Reader

_ACTIONS = {
    ApplicationState.SUBMITTED: N_("Review application"),
    ApplicationState.ENDORSED: N_("Confirm eligibility"),
    ApplicationState.APPEALED: N_("Decide appeal"),
}


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return what of the queue waits for the reader or for others, each with a link to its case or rows."""
    principal = reader.principal
    if not principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    queue_reader = queue.Reader(principal, clock.now(), reader.deciders)
    found = await queue.figures(session, queue_reader, QueueFilters())
    rows: list[Waiting] = []
    if found.needs:
        lines = (await queue.lines(session, queue_reader, QueueFilters(needs="me"))).lines[:MOST]
        people = await entries.people_by_subject(session, [line.subject for line in lines])
        names = {subject: person.name for subject, person in people.items()}
        name = ngettext("%(num)d more application", "%(num)d more applications", found.needs - MOST)
        address = "/applications/cases?needs=me"
        more = summed(max(found.needs - MOST, 0), name, gettext("Show applications"), address)
        rows = first_of([_entry(line, names.get(line.subject, "")) for line in lines], more[0] if more else None)
    name = ngettext("%(num)d overdue application", "%(num)d overdue applications", found.overdue)
    address = "/applications/cases?due=overdue"
    rows += summed(found.overdue, name, gettext("Show overdue applications"), address, mine=False)
    returned = found.states.get(ApplicationState.RETURNED_FOR_INFORMATION, 0)
    name = ngettext(
        "%(num)d application returned for information", "%(num)d applications returned for information", returned
    )
    address = "/applications/cases?state=returned_for_information"
    return rows + summed(returned, name, gettext("Show returned applications"), address, mine=False)


def _entry(line: Line, name: str) -> Waiting:
    state = ApplicationState(line.own_state)
    address = case_address(line.id)
    if state is ApplicationState.APPEALED:
        address += "/appeal"
    elif state is ApplicationState.ENDORSED:
        address = "/applications/eligibility"
    return Waiting(
        gettext("Application %(reference)s") % {"reference": line.reference},
        gettext(_ACTIONS[state]),
        address,
        name,
        due=line.due,
    )
