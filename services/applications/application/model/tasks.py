"""The pages of an application: their titles, which answers belong to each, and what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model.answers import PRIVACY_VERSION, Answers
from services.applications.calls.model.questions import unanswered
from shared.contracts.codes import ApplicationKind, Section
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.calls import CallTerms


PRIVACY = "privacy"
BACKGROUND = "background"

TASKS: tuple[str, ...] = (
    Section.CONTACT,
    Section.SERVICE,
    Section.LINE_MANAGER,
    Section.EXPERTISE,
    Section.LANGUAGES,
    BACKGROUND,
    Section.TOPICS,
    Section.PERIODS,
    Section.OBJECTIVES,
    Section.QUESTIONS,
    PRIVACY,
)
"""The pages of an application in their order; `objectives` asks for the cascade plan too.

A call that asks nothing of its own has no page `questions`.
`background` (finished courses, conflicts of interest) may be left empty.
"""


TITLES: dict[str, str] = {
    Section.CONTACT: N_("Your contact details"),
    Section.SERVICE: N_("Your service and rank"),
    Section.LINE_MANAGER: N_("Your line manager"),
    Section.EXPERTISE: N_("Your expertise"),
    Section.LANGUAGES: N_("Languages you speak"),
    BACKGROUND: N_("Courses and conflicts of interest"),
    Section.TOPICS: N_("Topics and countries"),
    Section.PERIODS: N_("When you can travel"),
    Section.OBJECTIVES: N_("Objectives and how you pass them on"),
    Section.QUESTIONS: N_("Questions of this call"),
    PRIVACY: N_("Privacy notice"),
}
_MENTORING_TITLES: dict[str, str] = {Section.PERIODS: N_("When you have time")}


def task_title(task: str, kind: ApplicationKind | None = None) -> str:
    """Return the title of a page in the reader's language, as an application of that kind shows it."""
    special = _MENTORING_TITLES if kind is ApplicationKind.MENTEE else {}
    return gettext(special.get(task, TITLES[task]))


def tasks_for(terms: CallTerms) -> list[str]:
    """Return the pages of an application to this call: without questions of its own it has no page for them."""
    return [task for task in TASKS if task != Section.QUESTIONS or terms.questions]


def missing(answers: Answers, terms: CallTerms) -> dict[str, list[str]]:
    """Return what is still to be answered, by task, as sentences; a task without an entry is complete."""
    found = {task: [gettext(text) for text in _missing(task, answers, terms)] for task in TASKS if task != BACKGROUND}
    return {task: texts for task, texts in found.items() if texts}


def _missing(task: str, answers: Answers, terms: CallTerms) -> list[str]:
    needs: dict[str, object]
    match task:
        case Section.CONTACT:
            needs = {N_("Enter your name"): answers.name, N_("Enter your service e-mail"): answers.email}
        case Section.SERVICE:
            needs = {
                N_("Choose your agency"): answers.organisation_id,
                N_("Choose your service"): answers.service,
                N_("Choose your rank group"): answers.rank_group,
                N_("Enter your years in the field"): answers.years_in_field is not None,
            }
        case Section.LINE_MANAGER:
            needs = {
                N_("Enter your line manager's name"): answers.line_manager_name,
                N_("Enter your line manager's service e-mail"): answers.line_manager_email,
            }
        case Section.EXPERTISE:
            needs = {N_("Add at least one area of expertise"): answers.expertise}
        case Section.LANGUAGES:
            needs = {N_("Add at least one language"): answers.languages}
        case Section.TOPICS:
            needs = {N_("Choose at least one topic of the call"): set(answers.topics) & set(terms.topics)}
        case Section.PERIODS:
            needs = {N_("Add at least one period in which you have time"): answers.periods}
        case Section.OBJECTIVES:
            needs = {
                N_("Write at least one objective"): answers.objectives,
                N_("Say whether you will pass on what you learn"): answers.cascade_committed is not None,
                N_("Write how you will pass it on"): answers.cascade_plan or not answers.cascade_committed,
            }
        case Section.QUESTIONS:
            return unanswered(terms, answers.questions)
        case _:
            needs = {N_("Confirm that you have read the privacy notice"): answers.privacy_version == PRIVACY_VERSION}
    return [text for text, answer in needs.items() if not answer]


FIELDS: dict[str, tuple[str, ...]] = {
    Section.CONTACT: ("name", "own_name", "email", "language"),
    Section.SERVICE: (
        "service",
        "organisation_id",
        "unit",
        "rank_group",
        "national_rank",
        "years_in_field",
        "sex",
        "took_part_before",
    ),
    Section.LINE_MANAGER: ("line_manager_name", "line_manager_email"),
    Section.EXPERTISE: ("expertise",),
    Section.LANGUAGES: ("languages",),
    BACKGROUND: ("courses", "conflicts"),
    Section.TOPICS: ("topics", "preferred_countries"),
    Section.PERIODS: ("periods", "blackouts"),
    Section.OBJECTIVES: ("objectives", "cascade_committed", "cascade_plan"),
    Section.QUESTIONS: ("questions",),
    PRIVACY: ("privacy_version", "privacy_at"),
}
"""Which answers belong to which task."""


def changed_tasks(before: Answers, after: Answers) -> list[str]:
    """Return the tasks whose answers differ, in the order of the pages."""
    return [
        task for task, fields in FIELDS.items() if any(getattr(before, name) != getattr(after, name) for name in fields)
    ]


def sections_of(tasks: Sequence[str]) -> tuple[Section, ...]:
    """Return tasks as the sections that an event names, each once; those without a section belong to the service."""
    sections = frozenset(str(one) for one in Section)
    return tuple(dict.fromkeys(Section(task) if task in sections else Section.SERVICE for task in tasks))


# The step's reason where it is another company that makes it another application.
WITH_WHOM = "with_whom"
