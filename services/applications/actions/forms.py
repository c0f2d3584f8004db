"""How does somebody get from a visit or a mentorship into reporting's form about it? By a ticket that says as whom.

Hosts and mentors have accounts, but reporting cannot tell whose visit it is; so they come by a ticket too. Its subject
is `<respondent>.<visit or mentorship>`, for example `host.0190...`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions import cases
from services.applications.actions.asked_forms import mentorship_tasks, visit_tasks
from services.applications.actions.common import not_found
from services.applications.actions.tickets import Way, way
from shared.contracts.codes import Party, Respondent

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.actions.asked_forms import Task
    from services.applications.settings import Settings
    from shared.bus import Bus
    from shared.identity import Principal


async def for_visit(
    bus: Bus, settings: Settings, principal: Principal, visit_id: UUID, purpose: str, party: str = ""
) -> Way:
    """The way into the form about a visit that is asked of the principal. Raises `Refused` (404).

    With `party` (a `Party`) the form that is asked of the principal as that one, whatever else is asked.
    """
    async with bus.read() as session:
        tasks = await visit_tasks(session, *await cases.of_visit(session, principal, visit_id))
    return _way(settings, principal, tasks, visit_id, purpose, party)


async def for_mentorship(
    bus: Bus, settings: Settings, principal: Principal, mentorship_id: UUID, purpose: str, party: str = ""
) -> Way:
    """The same about a mentorship. Raises `Refused` (404)."""
    async with bus.read() as session:
        tasks = await mentorship_tasks(session, *await cases.of_mentorship(session, principal, mentorship_id))
    return _way(settings, principal, tasks, mentorship_id, purpose, party)


def _way(settings: Settings, principal: Principal, tasks: list[Task], subject: UUID, purpose: str, party: str) -> Way:
    # Who is asked twice, such as a guest who coordinates a country, is led to what is not in yet.
    meant = (one for one in tasks if one.purpose == purpose and party in {"", one.party})
    asked = sorted(meant, key=lambda one: not one.waits)
    if not asked:
        raise not_found()
    task = asked[0]
    return way(settings, principal, purpose, f"{_RESPONDENTS[task.party]}.{subject}")


_RESPONDENTS: dict[Party, Respondent] = {
    Party.GUEST: Respondent.GUEST,
    Party.HOST: Respondent.HOST,
    Party.MENTEE: Respondent.MENTEE,
    Party.MENTOR: Respondent.MENTOR,
    Party.HOME_COORDINATOR: Respondent.NATIONAL_COORDINATOR,
    Party.HOST_COORDINATOR: Respondent.NATIONAL_COORDINATOR,
}
