"""The forms of reporting that an officer is asked to fill in, as a task list shows them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.display import TaskRow, outcome_row
from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.outcomes.views import due_hint, mentorship_tasks, test_names, visit_tasks
from services.applications.overview.views.first_page import Participant
from services.applications.visits import store as visits_store
from services.applications.waiting import Waiting
from shared.contracts.codes import ApplicationState, Party
from shared.i18n import gettext
from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """A form of reporting as a row of a task list, and whether it waits for the officer."""

    row: TaskRow
    waits: bool
    due: datetime | None = None


async def outcome_tasks(session: AsyncSession, principal: Principal, application_id: UUID) -> list[OutcomeRow]:
    """Return the forms of reporting about the application's visits and mentorships, as rows of a task list."""
    tasks_by_address = []
    for visit_id in await visits_store.ids_of(session, application_id):
        tasks = await visit_tasks(session, *await parties.case_of_visit(session, principal, visit_id))
        tasks_by_address.append((f"visits/{visit_id}", tasks))
    for mentorship_id in await mentorships.ids_of(session, application_id):
        tasks = await mentorship_tasks(session, *await parties.case_of_mentorship(session, principal, mentorship_id))
        tasks_by_address.append((f"mentorships/{mentorship_id}", tasks))
    names = {
        "evaluation": gettext("Complete your evaluation"),
        "report": gettext("Write your report"),
        "follow_up": gettext("Complete the follow-up"),
        **test_names(),
        "cascade": gettext("Report your training sessions at home"),
    }
    return [
        OutcomeRow(
            outcome_row(task, f"/applications/{address}", names[task.purpose], due_hint(task)),
            waits=task.waits,
            due=task.due,
        )
        for address, tasks in tasks_by_address
        for task in tasks
        if task.party in {Party.GUEST, Party.MENTEE}
    ]


# Once a visit has its dates, forms of reporting can be asked for (the test before it); before that none is.
_WITH_FORMS = (
    ApplicationState.SCHEDULED,
    ApplicationState.UNDER_WAY,
    ApplicationState.COMPLETED,
    ApplicationState.ENDED,
)


async def waiting(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return, for each application of the officer, the forms about its outcomes that are still to be filled in."""
    found = []
    for case in reader.cases:
        if case.shown_state not in _WITH_FORMS:
            continue
        tasks = await outcome_tasks(session, reader.principal, case.application.id)
        thing = gettext("Application %(reference)s") % {"reference": case.application.reference}
        found += [
            Waiting(thing, task.row.title, task.row.href or "", case.call.title, due=task.due)
            for task in tasks
            if task.waits
        ]
    return found
