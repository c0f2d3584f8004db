"""The pages of an application: their titles and addresses, the answers of each, and what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications import fields
from services.applications.application.model.answers import BACKGROUND, PRIVACY, Answers
from services.applications.calls.model.questions import unanswered
from shared.contracts.codes import ApplicationKind, Section
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.contracts.calls import CallTerms


FIELDS: dict[str, tuple[str, ...]] = fields.sections_of(Answers)
"""Which answers belong to which page, in the order of the pages; `objectives` asks for the cascade plan too.

A call that asks nothing of its own has no page `questions`.
"""
TASKS: tuple[str, ...] = tuple(FIELDS)


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


def application_address(application_id: UUID, rest: str = "") -> str:
    """Return the address of the officer's own application, or of a page of it."""
    return f"/applications/mine/{application_id}" + (f"/{rest}" if rest else "")


def tasks_for(terms: CallTerms) -> list[str]:
    """Return the pages of an application to this call: without questions of its own it has no page for them."""
    return [task for task in TASKS if task != Section.QUESTIONS or terms.questions]


def missing(answers: Answers, terms: CallTerms) -> dict[str, list[str]]:
    """Return what is still to be answered, by task, as sentences; a task without an entry is complete."""
    by_field = fields.missing(answers, terms)
    found = {task: [by_field[name] for name in names if name in by_field] for task, names in FIELDS.items()}
    refused = [text for name, text in by_field.items() if name.startswith("questions")]
    found[Section.QUESTIONS] = refused or [gettext(text) for text in unanswered(terms, answers.questions)]
    return {task: texts for task, texts in found.items() if texts}


def changed_tasks(before: Answers, after: Answers) -> list[str]:
    """Return the tasks whose answers differ, in the order of the pages."""
    names = set(fields.differing(before, after))
    return [task for task, of_task in FIELDS.items() if names & set(of_task)]


def rules_of(task: str) -> frozenset[str]:
    """Return the call's rules that look at the answers of a page."""
    specs = fields.fields_of(Answers)
    return frozenset(rule for name in FIELDS[task] for rule in specs[name].rules)


def sections_of(tasks: Sequence[str]) -> tuple[Section, ...]:
    """Return tasks as the sections that an event names, each once; those without a section belong to the service."""
    sections = frozenset(str(section) for section in Section)
    return tuple(dict.fromkeys(Section(task) if task in sections else Section.SERVICE for task in tasks))


# The step's reason where it is another company that makes it another application.
WITH_WHOM = "with_whom"
