"""How are the tests before and after a visit called in a list of tasks, and until when can each form be filled in?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.store.outcomes import TESTS
from shared.contracts.codes import TestPhase
from shared.web import dates
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from services.applications.actions.asked_forms import Task


def test_names() -> dict[str, str]:
    """The names of the two tests, by the purpose of their tickets."""
    return {
        TESTS[TestPhase.PRE]: gettext("Take the test before the visit"),
        TESTS[TestPhase.POST]: gettext("Take the test after the visit"),
    }


def due_hint(task: Task) -> str:
    """Until when a form can be filled in, while it is asked for; empty where it has no end."""
    if task.done or task.due is None:
        return ""
    return gettext("Until %(day)s") % {"day": dates.day(task.due)}
