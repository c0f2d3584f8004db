"""The pages of an application in their order, each with its form.

Their fields are those of `Answers`; here stand the rows in which several answers are given, the choices that depend on
the call, and the checks over several rows. `questions.py` has the page with the call's own questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.applications.application.forms import questions
from services.applications.application.model.answers import (
    BACKGROUND,
    FIELDS,
    MOST_OBJECTIVES,
    PRIVACY,
    WISHES,
    Answers,
    rules_of,
    task_title,
    tasks_for,
)
from services.applications.field_forms import FormRow, RowKind, Rows, form_data, form_of, form_values, refuse_broken
from services.applications.fields import fields_of
from services.applications.forms import iso_date
from services.applications.refusals import faults_of
from shared import privacy_notice
from shared.contracts import labels
from shared.contracts.codes import (
    MOST_WISHES,
    ApplicationKind,
    Expertise,
    LanguageLevel,
    Section,
    topic_label,
)
from shared.i18n import N_, gettext
from shared.web.forms import (
    Between,
    BooleanField,
    CheckboxesField,
    DateField,
    FieldList,
    Form,
    Longest,
    Needed,
    NotOptional,
    NumberField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
    arrange,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from pydantic import BaseModel

    from services.applications.places.model import SuitablePlace
    from services.applications.register.model.entries import NamedOrganisation
    from shared.contracts.calls import CallTerms

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FormContext:
    """The facts on which the choices of a form depend: the call, and the agencies at home and abroad.

    `places` are those that suit the officer, `other_places` the names of those in order
    that no longer do or are not published now.
    """

    terms: CallTerms
    own: Sequence[NamedOrganisation] = ()
    abroad: Sequence[NamedOrganisation] = ()
    places: Sequence[SuitablePlace] = ()
    other_places: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One page of an application: its form, and the way from answers to fields and back, as the table of fields has it.

    `prepare` gives the form its choices; `needs_register` says that these are agencies, `needs_places` that they are
    placements or mentors. `check_rows` puts errors at rows that are half written. `own_data` and `own_changes` are for
    what the form asks in a way of its own. `form_of` makes the form where it depends on the call.
    """

    code: str
    form: type[Form]
    rows: Rows = field(default_factory=dict)
    prepare: Callable[[Any, FormContext], None] = lambda _form, _context: None
    needs_register: bool = False
    needs_places: bool = False
    check_rows: Callable[[Any], None] = lambda _form: None
    own_data: Callable[[Answers], dict[str, object]] = lambda _answers: {}
    own_changes: Callable[[Form], dict[str, object]] = lambda _form: {}
    form_of: Callable[[CallTerms], type[Form]] | None = None

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return task_title(self.code)

    @property
    def rules(self) -> frozenset[str]:
        """The call's rules that concern the page."""
        return rules_of(self.code)

    def title_for(self, kind: ApplicationKind) -> str:
        """Return the title on an application of that kind."""
        return task_title(self.code, kind)

    def form_for(self, terms: CallTerms) -> type[Form]:
        """Return the form of an application to that call."""
        return self.form if self.form_of is None else self.form_of(terms)

    def check(self, form: Form) -> None:
        """Put errors at rows that are half written, and where the rules between fields are broken.

        Where there are errors, what else cannot be read is named beside them. Without any it is read as it is saved.
        """
        self.check_rows(form)
        refuse_broken(form, Answers, FIELDS[self.code], self.rows)
        if form.problems():
            faults = faults_of(Answers, self.changes(form))
            form.note_faults({name: text for name, text in faults.items() if name.partition(".")[0] in form})

    def fields(self, answers: Answers) -> dict[str, object]:
        """Return the answers of the page as its form shows them."""
        return form_data(answers, FIELDS[self.code], self.rows) | self.own_data(answers)

    def changes(self, form: Form) -> dict[str, object]:
        """Return what the form says as answers."""
        return form_values(form, Answers, FIELDS[self.code], self.rows) | self.own_changes(form)


def page(code: str, *, base: type[Form] = Form, rows: Rows | None = None, **more: Any) -> Task:
    """Return a page whose form asks for the fields of its section; `base` may have more."""
    return Task(code, form_of(Answers, FIELDS[code], base=base, rows=rows), rows or {}, **more)


def remedy(name: str) -> str:
    """Return the sentence that asks for a field, in the reader's language."""
    return gettext(fields_of(Answers)[name].remedy)


def choices(codes: Iterable[Any], *, empty: str | None = N_("Choose one")) -> Choices:
    """Return the members of a code list as choices in the reader's language, with an empty one before them."""
    found = [(str(code), labels.label(code)) for code in codes]
    return ([("", gettext(empty))] if empty is not None else []) + found


def offer(form: Form, name: str, offered: Choices, part: str = "") -> None:
    """Give a field its choices; with a `part`, that field of each of its rows."""
    target: Any = form[name]
    for cell in [entry.form[part] for entry in target] if part else [target]:
        cell.choices = offered


def rows(form: Form, name: str) -> list[dict[str, Any]]:
    """Return what is written in the rows of a field."""
    found = form[name]
    assert isinstance(found, FieldList)
    return [entry.data for entry in found]


def readable(form: Form, name: str) -> bool:
    """Return whether all that is written in the rows of a field could be read."""
    found = form[name]
    assert isinstance(found, FieldList)
    return not any(cell.process_errors for entry in found for cell in entry.form)


def column(form: Form, name: str, part: str) -> list[str]:
    """Return one answer a row, in the order of the rows, each once and none empty."""
    texts = [str(row[part] or "").strip() for row in rows(form, name)]
    return list(dict.fromkeys(text for text in texts if text))


class ExpertiseRow(Row):
    """One area of expertise."""

    area = SelectField(N_("Area"), [NotOptional()], choices=Expertise, blank=N_("Choose one"))
    level = SelectField(
        N_("Level"),
        [NotOptional()],
        choices=[("1", N_("1: basic")), ("2", N_("2: advanced")), ("3", N_("3: expert"))],
        blank=N_("Choose one"),
    )
    years = NumberField(N_("Years"), [NotOptional(), Between(0, 60)])


class LanguageRow(Row):
    """One language."""

    language = SelectField(N_("Language"), [NotOptional()])
    level = SelectField(N_("Level"), [NotOptional()], choices=LanguageLevel, blank=N_("Choose one"))


class CourseRow(Row):
    """One finished course."""

    course = StringField(N_("Name of the course"), [NotOptional(), Longest(200)])


class ConflictRow(Row):
    """One organisation with which there is a conflict of interest."""

    organisation = SelectField(N_("Organisation"), [NotOptional()])


class TopicRow(Row):
    """One topic."""

    topic = SelectField(N_("Topic"), [NotOptional()])


class CountryRow(Row):
    """One country."""

    country = SelectField(N_("Country"), [NotOptional()])


class PeriodRow(Row):
    """From the first to the last day."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])


class WishRow(Row):
    """One placement or mentor."""

    place = SelectField(N_("Placement or mentor"), [NotOptional()])


class ObjectiveRow(Row):
    """One objective."""

    text = TextAreaField(N_("Objective"), [NotOptional(), Longest(1000)])


def _parts(value: BaseModel) -> FormRow:
    return value.model_dump(mode="json")


def _dates(value: BaseModel) -> FormRow:
    return value.model_dump()


def _area(row: FormRow) -> FormRow | None:
    """Return an area; one without its level is half written, and is kept in a draft."""
    return {**row, "years": row["years"] or 0} if row["area"] or row["level"] or row["years"] else None


def _language(row: FormRow) -> FormRow | None:
    return dict(row) if row["language"] or row["level"] else None


def _period(row: FormRow) -> FormRow | None:
    start, end = iso_date(row["start"]), iso_date(row["end"])
    return {"start": start, "end": end} if start or end else None


def _single_field(part: str) -> tuple[Callable[[Any], FormRow], Callable[[FormRow], str | None]]:
    """Return how a value becomes a row with a single field, and is read from it."""
    return lambda value: {part: str(value)}, lambda row: str(row[part] or "").strip() or None


def _single(form: type[Row], part: str, **more: Any) -> RowKind:
    """Return the kind of rows with this single field."""
    return RowKind(form, *_single_field(part), **more)


_EXPERTISE: Rows = {"expertise": RowKind(ExpertiseRow, _parts, _area, least=1)}
_LANGUAGES: Rows = {"languages": RowKind(LanguageRow, _parts, _language, least=1)}
_BACKGROUND: Rows = {
    "courses": _single(CourseRow, "course"),
    "conflicts": _single(ConflictRow, "organisation", most=20),
}
_TOPICS: Rows = {
    "topics": _single(TopicRow, "topic", least=1),
    "preferred_countries": _single(CountryRow, "country"),
}
_PERIODS: Rows = {
    "periods": RowKind(PeriodRow, _dates, _period, least=1),
    "blackouts": RowKind(PeriodRow, _dates, _period),
}
_WISHES: Rows = {"wishes": _single(WishRow, "place", most=MOST_WISHES)}
_OBJECTIVES: Rows = {"objectives": _single(ObjectiveRow, "text", most=MOST_OBJECTIVES, least=1)}


def _blank(offered: Choices) -> Choices:
    return [("", gettext("Choose one")), *offered]


def _writing_languages(form: Form, _: FormContext) -> None:
    offer(form, "language", _blank(labels.written(form["language"].data)))


def _agencies(form: Form, context: FormContext) -> None:
    offer(form, "organisation_id", _blank([(str(agency.id), agency.name) for agency in context.own]))


def _check_expertise(form: Form) -> None:
    written = rows(form, "expertise")
    if not any(row["area"] for row in written):
        form.refuse("expertise", remedy("expertise"))
    elif any(bool(row["area"]) != bool(row["level"]) for row in written):
        form.refuse("expertise", gettext("Each area needs a level"))


def _languages(form: Form, _: FormContext) -> None:
    offer(form, "languages", _blank(labels.tongues()), "language")


def _check_languages(form: Form) -> None:
    written = rows(form, "languages")
    if not any(row["language"] and row["level"] for row in written):
        form.refuse("languages", gettext("Add at least one language with its level"))
    elif any(bool(row["language"]) != bool(row["level"]) for row in written):
        form.refuse("languages", gettext("Each language needs a level"))


class BackgroundForm(Form):
    """Finished courses, and organisations to which the officer must not go."""

    asked_courses = CheckboxesField(
        N_("Courses that this call asks for"), description=N_("Select the courses that you have finished")
    )


def _courses_and_organisations(form: Form, context: FormContext) -> None:
    """Offer the call's own courses as boxes, so that their names are written as the rule has them."""
    required: Any = form["asked_courses"]
    required_courses = context.terms.rules.courses
    finished = {*column(form, "courses", "course"), *(required.data or ())}
    required.choices = [(course, course) for course in required_courses]
    required.data = [course for course in required_courses if course in finished]
    courses = form["courses"]
    assert isinstance(courses, FieldList)
    written = [(row["course"] or "").strip() for row in rows(form, "courses")]
    others = [place for place, course in enumerate(written) if course not in required_courses]
    arrange(courses, others)
    organisations = [(str(place.id), f"{labels.country(place.country)}: {place.name}") for place in context.abroad]
    offer(form, "conflicts", _blank(sorted(organisations, key=lambda choice: choice[1])), "organisation")


def _courses(form: Form) -> dict[str, object]:
    ticked = list(form["asked_courses"].data or ())
    return {"courses": list(dict.fromkeys([*ticked, *column(form, "courses", "course")]))}


def _topics(form: Form, context: FormContext) -> None:
    topics = [(code, gettext(topic_label(context.terms.scheme, code))) for code in context.terms.topics]
    offer(form, "topics", _blank(topics), "topic")
    offer(form, "preferred_countries", _blank(labels.countries()), "country")


def _check_topics(form: Form) -> None:
    if not column(form, "topics", "topic"):
        form.refuse("topics", remedy("topics"))


def _check_periods(form: Form) -> None:
    for name in ("periods", "blackouts"):
        if not readable(form, name):
            continue  # the dates say themselves what is wrong with them
        written = rows(form, name)
        if name == "periods" and not any(row["start"] and row["end"] for row in written):
            form.refuse(name, remedy(name))
        elif any(bool(row["start"]) != bool(row["end"]) for row in written):
            form.refuse(name, gettext("Each period needs a first and a last day"))


class WishesForm(Form):
    """Placements or mentors in order; `suitable` are those that can be chosen."""

    suitable: Sequence[SuitablePlace] = ()


def _wishes(form: WishesForm, context: FormContext) -> None:
    form.suitable = context.places
    found = [(str(place.id), place.label) for place in context.places]
    text = gettext("%(place)s (not available, or does not suit your answers)")
    found += [(str(id_), text % {"place": name}) for id_, name in context.other_places.items()]
    offer(form, "wishes", _blank(found), "place")


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


def _notice_read(answers: Answers) -> dict[str, object]:
    return {"confirmed": answers.privacy_version == privacy_notice.VERSION}


def _read_notice(form: Form) -> dict[str, object]:
    if not form["confirmed"].data:
        return {}
    return {"privacy_version": privacy_notice.VERSION}


LINE_MANAGER = page(Section.LINE_MANAGER)
_ALL = (
    page(Section.CONTACT, prepare=_writing_languages),
    page(Section.SERVICE, prepare=_agencies, needs_register=True),
    LINE_MANAGER,
    page(Section.EXPERTISE, rows=_EXPERTISE, check_rows=_check_expertise),
    page(Section.LANGUAGES, rows=_LANGUAGES, prepare=_languages, check_rows=_check_languages),
    page(
        BACKGROUND,
        base=BackgroundForm,
        rows=_BACKGROUND,
        prepare=_courses_and_organisations,
        needs_register=True,
        own_changes=_courses,
    ),
    page(Section.TOPICS, rows=_TOPICS, prepare=_topics, check_rows=_check_topics),
    page(Section.PERIODS, rows=_PERIODS, check_rows=_check_periods),
    page(WISHES, base=WishesForm, rows=_WISHES, prepare=_wishes, needs_places=True),
    page(Section.OBJECTIVES, rows=_OBJECTIVES, check_rows=_check_objectives),
    Task(
        Section.QUESTIONS,
        questions.QuestionsForm,
        own_data=questions.fields,
        own_changes=questions.changes,
        form_of=questions.form_of,
    ),
    page(PRIVACY, base=PrivacyForm, own_data=_notice_read, own_changes=_read_notice),
)
TASK_FORMS: dict[str, Task] = {str(task.code): task for task in _ALL}
"""The pages of an application by code, in their order."""


def tasks_of(terms: CallTerms) -> dict[str, Task]:
    """Return the pages of an application to this call, by code, as `tasks_for` has them."""
    return {code: TASK_FORMS[code] for code in tasks_for(terms)}
