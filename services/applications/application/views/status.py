"""The officer's page of an application: task list, remarks, history and what has come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.model.answers import (
    BACKGROUND,
    TASKS,
    WISHES,
    application_address,
    missing,
    task_title,
    tasks_for,
)
from services.applications.application.store import applications as store
from services.applications.application.views.answers import AnswerChange, AnswerSection, answer_changes, answer_sections
from services.applications.application.views.companions import company_of_case, company_sentence
from services.applications.application.views.history import history
from services.applications.application.views.later_history import later_history
from services.applications.application.views.outcome_tasks import outcome_tasks
from services.applications.certificates import store as certificates_store
from services.applications.display import TaskRow, TimelineEntry
from services.applications.mentorships.store import mentorships
from services.applications.visits import store as visits_store
from shared.contracts.applications import AppealDecided
from shared.contracts.codes import ApplicationState, Section
from shared.contracts.lifecycle.state_sets import APPLICATION_APPEALABLE
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Remark:
    """A coordinator's remark about one page of an application that was returned."""

    task: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The missing answers of one page, and the address of that page."""

    title: str
    href: str
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Status:
    """The details of an application that its officer reads beside its state."""

    remarks: list[Remark]
    reason: str | None
    answers: list[AnswerSection]
    changes: list[AnswerChange]
    events: list[TimelineEntry]
    company: str
    certificates: list[str]
    outcomes: list[TaskRow]
    next_address: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """All answers before they are submitted, with what is missing and what the coordinator asked."""

    remarks: list[Remark]
    answers: list[AnswerSection]
    missing: list[Missing]
    company: str


async def status(session: AsyncSession, principal: Principal, case: Case) -> Status:
    """Return what the officer's page of an application shows."""
    application_id = case.application.id
    steps = await store.steps(session, application_id)
    events = history(steps, principal, internal=False)
    certificates = await certificates_store.certificates_of(session, application_id)
    return Status(
        await remarks_of(session, case),
        _refusal_reason(case, steps, events),
        await answer_sections(session, case),
        await answer_changes(session, case),
        sorted(events + await later_history(session, application_id), key=lambda event: event.when, reverse=True),
        company_sentence(await company_of_case(session, case)),
        [certificate.number for certificate in certificates],
        [outcome.row for outcome in await outcome_tasks(session, principal, application_id)],
        await _next_address(session, case),
    )


async def check(session: AsyncSession, case: Case) -> Check:
    """Return what the officer checks before the application is submitted."""
    application_id = case.application.id
    return Check(
        await remarks_of(session, case),
        await answer_sections(session, case, change=lambda code: application_address(application_id, code)),
        [
            Missing(task_title(code), application_address(application_id, code), texts)
            for code, texts in missing(case.application.answers, case.terms).items()
        ],
        company_sentence(await company_of_case(session, case)),
    )


async def remarks_of(session: AsyncSession, case: Case) -> list[Remark]:
    """Return what the coordinator asked, while an application is returned for information."""
    if case.application.own_state is not ApplicationState.RETURNED_FOR_INFORMATION:
        return []
    returned = await store.last_return(session, case.application.id)
    remarks = {} if returned is None else returned.remarks
    return [
        Remark(task_of_section(section), task_title(task_of_section(section)), text)
        for section, text in remarks.items()
    ]


def task_of_section(section: str) -> str:
    """Return the page on which a section is answered: the cascade plan belongs to the objectives."""
    return section if section in TASKS else Section.OBJECTIVES


def task_rows(case: Case, remarks: Sequence[Remark], notes: Mapping[str, str]) -> list[TaskRow]:
    """Return the pages of an application as a task list; `notes` say what of reused answers is out of date."""
    missing_answers = missing(case.application.answers, case.terms)
    returned = {remark.task for remark in remarks}
    rows = []
    for code in tasks_for(case.terms):
        lacks = missing_answers.get(code)
        hint = notes.get(code) or (lacks[0] if lacks else "")
        status_ = gettext("Not yet complete") if lacks else gettext("Completed")
        if code == BACKGROUND and not (case.application.answers.courses or case.application.answers.conflicts):
            status_ = gettext("Optional")
        if code == WISHES and not case.application.answers.wishes:
            status_ = gettext("Optional")
        if code in returned:
            status_, hint = gettext("Your coordinator has a question"), ""
        title = task_title(code, case.application.for_)
        rows.append(TaskRow(title, application_address(case.application.id, code), hint, status_))
    return rows


_REFUSED = frozenset(APPLICATION_APPEALABLE)


def _refusal_reason(case: Case, steps: Sequence[store.Step], events: Sequence[TimelineEntry]) -> str | None:
    """Return the reason of a refusal, as the history has it; `events` are the steps in words, in the same order."""
    if case.application.own_state is ApplicationState.UNPLACED and steps and steps[0].event == AppealDecided.type:
        return gettext(
            "Your appeal was upheld, so the decision against you no longer applies. However, the call had "
            "closed by then."
        )
    if case.application.own_state not in _REFUSED:
        return None
    reasons = (event.text for step, event in zip(steps, events, strict=True) if step.state == case.application.state)
    return next(reasons, None)


# In these states a visit or a mentorship has come of the application, and is where it goes on.
_WITH_PARTICIPATION = frozenset(
    {
        ApplicationState.ACCEPTED,
        ApplicationState.SCHEDULED,
        ApplicationState.UNDER_WAY,
        ApplicationState.COMPLETED,
        ApplicationState.ENDED,
    }
)


async def _next_address(session: AsyncSession, case: Case) -> str | None:
    """Return the address of the visit or mentorship of the newest match."""
    if case.projected is None or case.projected.match_id is None or case.shown_state not in _WITH_PARTICIPATION:
        return None
    match_id = case.projected.match_id
    visit = (await visits_store.of_matches(session, [match_id])).get(match_id)
    mentorship = (await mentorships.of_matches(session, [match_id])).get(match_id)
    if mentorship is not None:
        return f"/applications/mentorships/{mentorship.id}"
    return None if visit is None else f"/applications/visits/{visit.id}"
