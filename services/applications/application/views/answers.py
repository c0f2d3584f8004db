"""The answers of an application for reading: on the check page, to the officer and to coordinators."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from services.applications import fields
from services.applications.application.model.answers import FIELDS, WISHES, Answers, task_title, tasks_for
from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.calls.model.questions import answer_text, in_reader_language
from services.applications.display import SummaryRow
from services.applications.fields import NONE, Reading, fields_of, value_in_words
from services.applications.places.views import names_of_places
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.codes import Section
from shared.i18n import gettext
from shared.web.site import own_script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from shared.contracts.calls import CallTerms
    from shared.contracts.codes import ApplicationKind


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """The answers of one page, with its title for the reader."""

    code: str
    title: str
    rows: list[SummaryRow]


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One change after submission: of each answer that differs the heading, the old and the new value."""

    when: datetime
    rows: list[tuple[str, str, str]]


async def answer_sections(
    session: AsyncSession,
    case: Case,
    *,
    change: Callable[[str], str] | None = None,
    others: bool = False,
    before: Answers | None = None,
) -> list[AnswerSection]:
    """Return the answers by page; `change` gives the address at which a page is changed.

    `others`: for readers other than the officer, who do not see the sex. An answer that differs from the one in
    `before` is marked, with that one.
    """
    answers = case.application.answers
    both = (answers,) if before is None else (answers, before)
    reading = Reading(await names_of(session, *both), case.terms.scheme)
    found = []
    for code in tasks_for(case.terms):
        in_words = _rows(code, answers, case.terms, reading)
        rows = compared_rows(in_words, in_words if before is None else _rows(code, before, case.terms, reading))
        if code == Section.CONTACT:
            heading = fields_of(Answers)["own_name"].heading
            rows = [replace(row, value=own_script(row.value)) if row.key == heading else row for row in rows]
        if code == Section.SERVICE and not others:
            rows.append(_sex(answers))
        if change is not None and rows:
            rows[0] = replace(rows[0], change=change(code))
        found.append(AnswerSection(code, _title(code, case.application.for_, others=others), rows))
    return found


def compared_rows(in_words: Iterable[tuple[str, str]], before: Iterable[tuple[str, str]]) -> list[SummaryRow]:
    """Return the answers of a page as they are in words, each that differs from `before` with a mark.

    An answer that was removed stands where it was.
    """
    now, old = _numbered(in_words), _numbered(before)
    return [
        SummaryRow(heading, _marked(now.get((heading, number), ""), old.get((heading, number), "")))
        for heading, number in dict.fromkeys([*max(now, old, key=len), *now, *old])
    ]


def _numbered(rows: Iterable[tuple[str, str]]) -> dict[tuple[str, int], str]:
    """Return answers by heading and number, since two questions of a call may have the same words."""
    found: dict[tuple[str, int], str] = {}
    count: Counter[str] = Counter()
    for heading, answer in rows:
        found[heading, count[heading]] = answer
        count[heading] += 1
    return found


def _marked(now: str, was: str) -> str:
    """Return an answer in words; one that differs from what it was has a mark, and what it was below it."""
    nothing = gettext("Not answered")
    if now == was:
        return now or nothing
    mark = Markup('<strong class="govuk-tag tandem-tag tandem-tag--wait">{}</strong>').format(gettext("Changed"))
    text = gettext("Before: %(answer)s") % {"answer": was or nothing}
    return Markup('{} {}<span class="tandem-before">{}</span>').format(now or nothing, mark, text)


async def answers_at(session: AsyncSession, case: Case, moment: datetime) -> Answers | None:
    """Return the submitted answers as they were at a moment; None where nothing has changed since then."""
    later = [change for change in await applications.changes(session, case.application.id) if change.at > moment]
    stored = dict(case.application.answers_json)
    for change in later:  # the newest first, so the oldest has the last word
        stored |= change.before
    return Answers.from_stored(stored) if later else None


async def answer_facts(
    session: AsyncSession, applications_: Sequence[applications.Application]
) -> dict[UUID, tuple[tuple[str, str], ...]]:
    """Return the answers of several applications in words, each with its page and heading, for other readers."""
    calls = await calls_store.calls_by_id(session, {application.call_id for application in applications_})
    terms = await calls_store.terms_of(session, applications_, calls)
    names = await names_of(session, *(application.answers for application in applications_))
    return {
        application.id: tuple(
            (f"{_title(code, application.for_, others=True)}: {key}", words)
            for code in tasks_for(terms[application.id])
            for key, words in _rows(
                code, application.answers, terms[application.id], Reading(names, terms[application.id].scheme)
            )
        )
        for application in applications_
    }


def _title(code: str, kind: ApplicationKind, *, others: bool) -> str:
    if others and code == WISHES:
        return gettext("Order of placements and mentors")
    return labels.label(Section(code)) if others and code in set(Section) else task_title(code, kind)


def _sex(answers: Answers) -> SummaryRow:
    spec = fields_of(Answers)["sex"]
    return SummaryRow(spec.heading, gettext(spec.blank) if answers.sex is None else labels.label(answers.sex))


async def answer_changes(session: AsyncSession, case: Case) -> list[AnswerChange]:
    """Return the changes after submission, the newest first."""
    found = await applications.changes(session, case.application.id)
    read = [
        (change, case.application.answers_with(change.before), case.application.answers_with(change.after))
        for change in found
    ]
    names = await names_of(session, *(answers for _, *both in read for answers in both))
    reading = Reading(names, case.terms.scheme)
    return [
        AnswerChange(change.at, [row for task in change.tasks for row in _differences(task, case, reading, was, now)])
        for change, was, now in read
    ]


def _differences(task: str, case: Case, reading: Reading, was: Answers, now: Answers) -> list[tuple[str, str, str]]:
    title = task_title(task, case.application.for_)
    old, new = (_numbered(_rows(task, answers, case.terms, reading)) for answers in (was, now))
    return [
        (f"{title}: {key[0]}", old.get(key) or NONE, new.get(key) or NONE)
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


async def names_of(session: AsyncSession, *answers: Answers) -> Mapping[UUID, str]:
    """Return the names of organisations and places in answers: the officer's own, conflicts, and places in order."""
    ids = {id_ for answer in answers for id_ in (answer.organisation_id, *answer.conflicts) if id_ is not None}
    names = {organisation.id: organisation.name for organisation in await entries.organisations(session, ids=ids)}
    wishes = {id_ for answer in answers for id_ in answer.wishes}
    return names | await names_of_places(session, wishes) if wishes else names


def _rows(task: str, answers: Answers, terms: CallTerms, reading: Reading) -> list[tuple[str, str]]:
    """Return the answers of a page with their headings; empty where something is missing."""
    if task == Section.QUESTIONS:
        return [
            (in_reader_language(question).question, answer_text(question, answers.questions.get(question.code)))
            for question in terms.questions
        ]
    rows: list[tuple[str, str]] = []
    lacking = fields.missing(answers, terms)
    for name in FIELDS[task]:
        spec = fields_of(Answers)[name]
        if not spec.shown:
            continue
        words = value_in_words(answers, name, reading)
        if name == "rank_group":
            words = ", ".join(filter(None, [words, answers.national_rank]))
        if name == "objectives" and answers.objectives:
            rows += _objectives(answers)
        else:
            rows.append((spec.heading, words or ("" if name in lacking else NONE)))
    return rows


def _objectives(answers: Answers) -> list[tuple[str, str]]:
    return [(gettext("Objective %(n)d") % {"n": n}, text) for n, text in enumerate(answers.objectives, start=1)]
