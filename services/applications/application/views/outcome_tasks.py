"""The forms of reporting that an officer is asked to fill in, as a task list shows them."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.display import outcome_task_row
from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.outcomes.views import due_hint, mentorship_tasks, test_names, visit_tasks
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party
from shared.i18n import gettext
from shared.identity import Principal


async def outcome_tasks(session: AsyncSession, principal: Principal, application_id: UUID) -> list[dict[str, Any]]:
    """Return the forms of reporting about the application's visits and mentorships, as rows of a task list."""
    tasks_by_address = []
    for visit_id in await visits_store.ids_of(session, application_id):
        tasks = await visit_tasks(session, *await parties.case_of_visit(session, principal, visit_id))
        tasks_by_address.append((f"visits/{visit_id}", tasks))
    for mentorship_id in await mentorships.ids_of(session, application_id):
        tasks = await mentorship_tasks(session, *await parties.case_of_mentorship(session, principal, mentorship_id))
        tasks_by_address.append((f"mentorships/{mentorship_id}", tasks))
    names = {
        "evaluation": gettext("Evaluate how it was"),
        "report": gettext("Write your report"),
        "follow_up": gettext("Say what you use of it"),
        **test_names(),
        "cascade": gettext("Tell whom you reached"),
    }
    return [
        {
            "title": names[task.purpose],
            "hint": due_hint(task),
            "waits": task.waits,
            **outcome_task_row(task, f"/applications/{where}"),
        }
        for where, tasks in tasks_by_address
        for task in tasks
        if task.party in {Party.GUEST, Party.MENTEE}
    ]
