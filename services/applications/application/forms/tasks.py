"""The pages of an application in their order, each with its form.

One module a group of sections: `person`, `skills`, `wishes`, `questions` (the call's own); `parts` is what they share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.forms import person, questions, skills, wishes
from services.applications.application.forms.parts import FormContext, Task, choices, countries_known, languages_known
from services.applications.application.model.tasks import tasks_for
from services.applications.forms import NotOptional

if TYPE_CHECKING:
    from shared.contracts.calls import CallTerms

_ALL = (
    person.CONTACT,
    person.SERVICE,
    person.LINE_MANAGER,
    skills.EXPERTISE,
    skills.LANGUAGES,
    person.COURSES,
    wishes.TOPICS,
    wishes.PERIODS,
    wishes.OBJECTIVES,
    questions.QUESTIONS,
    person.NOTICE,
)
LINE_MANAGER = person.LINE_MANAGER
TASK_FORMS: dict[str, Task] = {str(task.code): task for task in _ALL}
"""The pages of an application by code, in their order."""


def tasks_of(terms: CallTerms) -> dict[str, Task]:
    """Return the pages of an application to this call, by code; without questions of its own it has none for them."""
    return {code: TASK_FORMS[code] for code in tasks_for(terms)}


__all__ = [
    "LINE_MANAGER",
    "TASK_FORMS",
    "FormContext",
    "NotOptional",
    "Task",
    "choices",
    "countries_known",
    "languages_known",
    "tasks_of",
]
