"""The pages of an application in their order, each with its form.

Their fields are those of `Answers`; here stand the choices that depend on the call and the checks over several rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.application.forms import rows as kinds
from services.applications.application.forms.parts import (
    Choices,
    FormContext,
    Task,
    choices,
    column,
    countries_known,
    languages_known,
    offer,
    page,
    readable,
    remedy,
    rows,
)
from services.applications.application.forms.questions import QUESTIONS
from services.applications.application.model.answers import BACKGROUND, PRIVACY, PRIVACY_VERSION
from services.applications.application.model.tasks import tasks_for
from services.applications.forms import NotOptional
from shared.contracts import labels
from shared.contracts.codes import Section, topic_label
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.forms import BooleanField, CheckboxesField, FieldList, Form, Needed, arrange

if TYPE_CHECKING:
    from services.applications.application.model.answers import Answers
    from shared.contracts.calls import CallTerms


def _blank(offered: Choices) -> Choices:
    return [("", gettext("Choose")), *offered]


def _writing_languages(form: Form, _: FormContext) -> None:
    offer(form, "language", labels.written(form["language"].data))


def _agencies(form: Form, context: FormContext) -> None:
    offer(form, "organisation_id", _blank([(str(agency.id), agency.name) for agency in context.own]))


def _check_expertise(form: Form) -> None:
    if not any(row["area"] for row in rows(form, "expertise")):
        form.refuse("expertise", remedy("expertise"))


def _languages(form: Form, _: FormContext) -> None:
    offer(form, "languages", languages_known(), "language")


def _check_languages(form: Form) -> None:
    written = rows(form, "languages")
    if not any(row["language"] and row["level"] for row in written):
        form.refuse("languages", gettext("Add at least one language with its level"))
    elif any(bool(row["language"]) != bool(row["level"]) for row in written):
        form.refuse("languages", gettext("Each language needs its level"))
    named = [row["language"] for row in written if row["language"]]
    if len(set(named)) < len(named):
        form.refuse("languages", gettext("Name each language once"))


class BackgroundForm(Form):
    """Finished courses, and organisations to which the officer must not go."""

    asked_courses = CheckboxesField(
        N_("Courses that this call asks for"), description=N_("Tick those that you have finished")
    )


def _courses_and_organisations(form: Form, context: FormContext) -> None:
    """Offer the call's own courses as boxes, so that their names are written as the rule has them."""
    asked: Any = form["asked_courses"]
    asked_for = context.terms.rules.courses
    finished = {*column(form, "courses", "course"), *(asked.data or ())}
    asked.choices = [(course, course) for course in asked_for]
    asked.data = [course for course in asked_for if course in finished]
    courses = form["courses"]
    assert isinstance(courses, FieldList)
    written = [(row["course"] or "").strip() for row in rows(form, "courses")]
    others = [place for place, course in enumerate(written) if course not in asked_for]
    arrange(courses, others)
    organisations = [(str(place.id), f"{labels.country(place.country)}: {place.name}") for place in context.abroad]
    offer(form, "conflicts", _blank(sorted(organisations, key=lambda choice: choice[1])), "organisation")


def _courses(form: Form) -> dict[str, Any]:
    ticked = list(form["asked_courses"].data or ())
    return {"courses": list(dict.fromkeys([*ticked, *column(form, "courses", "course")]))}


def _topics(form: Form, context: FormContext) -> None:
    topics = [(code, gettext(topic_label(context.terms.scheme, code))) for code in context.terms.topics]
    offer(form, "topics", _blank(topics), "topic")
    offer(form, "preferred_countries", countries_known(), "country")


def _check_topics(form: Form) -> None:
    if not column(form, "topics", "topic"):
        form.refuse("topics", remedy("topics"))
    for name, part, sentence in (
        ("topics", "topic", N_("Choose each topic once")),
        ("preferred_countries", "country", N_("Choose each country once")),
    ):
        named = [row[part] for row in rows(form, name) if row[part]]
        if len(set(named)) < len(named):
            form.refuse(name, gettext(sentence))


def _check_periods(form: Form) -> None:
    for name in ("periods", "blackouts"):
        if not readable(form, name):
            continue  # the dates say themselves what is wrong with them
        written = rows(form, name)
        whole = [row for row in written if row["start"] and row["end"]]
        if name == "periods" and not whole:
            form.refuse(name, remedy(name))
        elif any(bool(row["start"]) != bool(row["end"]) for row in written):
            form.refuse(name, gettext("Each period needs a first and a last day"))
        elif any(row["end"] < row["start"] for row in whole):
            form.refuse(name, gettext("The last day must not be before the first"))


def _check_objectives(form: Form) -> None:
    if not column(form, "objectives", "text"):
        form.refuse("objectives", remedy("objectives"))
    if form["cascade_committed"].data == "yes" and not form["cascade_plan"].data:
        form.refuse("cascade_plan", remedy("cascade_plan"))


class PrivacyForm(Form):
    """The privacy notice, read and acknowledged."""

    confirmed = BooleanField(
        N_("I have read the privacy notice"), [Needed(N_("Confirm that you have read the privacy notice"))]
    )


def _notice_read(answers: Answers) -> dict[str, Any]:
    return {"confirmed": answers.privacy_version == PRIVACY_VERSION}


def _read_notice(form: Form) -> dict[str, Any]:
    if not form["confirmed"].data:
        return {}
    return {"privacy_version": PRIVACY_VERSION, "privacy_at": clock.now().isoformat()}


LINE_MANAGER = page(Section.LINE_MANAGER)
_ALL = (
    page(Section.CONTACT, prepare=_writing_languages),
    page(Section.SERVICE, prepare=_agencies, needs_register=True),
    LINE_MANAGER,
    page(Section.EXPERTISE, rows=kinds.EXPERTISE, check=_check_expertise),
    page(Section.LANGUAGES, rows=kinds.LANGUAGES, prepare=_languages, check=_check_languages),
    page(
        BACKGROUND,
        base=BackgroundForm,
        rows=kinds.BACKGROUND,
        prepare=_courses_and_organisations,
        needs_register=True,
        own_changes=_courses,
    ),
    page(Section.TOPICS, rows=kinds.TOPICS, prepare=_topics, check=_check_topics),
    page(Section.PERIODS, rows=kinds.PERIODS, check=_check_periods),
    page(Section.OBJECTIVES, rows=kinds.OBJECTIVES, check=_check_objectives),
    QUESTIONS,
    page(PRIVACY, base=PrivacyForm, own_data=_notice_read, own_changes=_read_notice),
)
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
