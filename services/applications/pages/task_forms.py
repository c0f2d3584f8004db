"""Which form does each task of an application have, and how do its fields become answers?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms import BooleanField, EmailField, FieldList, FormField, RadioField, SelectField, StringField, TextAreaField
from wtforms import Form as Row

from services.applications.model.answers import MOST_OBJECTIVES, PRIVACY, PRIVACY_VERSION
from services.applications.pages import question_forms
from shared import clock
from shared.contracts.codes import (
    COUNTRIES,
    LANGUAGES,
    Expertise,
    LanguageLevel,
    RankGroup,
    Section,
    ServiceKind,
    Sex,
    topic_label,
)
from shared.web import words
from shared.web.forms import DateField, Form, Longest, Needed, NumberField
from shared.web.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.applications.model.answers import Answers
    from services.applications.store.register import Organisation
    from shared.contracts.calls import CallTerms

Choices = list[tuple[str, str]]


def choices(codes: Iterable[Any], *, empty: str | None = N_("Choose")) -> Choices:
    """The members of a code list as choices, in the reader's language, with an empty one before them."""
    found = [(str(code), words.label(code)) for code in codes]
    return ([("", gettext(empty))] if empty is not None else []) + found


def languages_known() -> Choices:
    """Languages by their name in the reader's language."""
    return [("", gettext("Choose")), *sorted(((c, words.tongue(c)) for c in LANGUAGES), key=lambda one: one[1])]


def countries_known() -> Choices:
    """Countries by their name in the reader's language."""
    return [("", gettext("Choose")), *sorted(((c, words.country(c)) for c in COUNTRIES), key=lambda one: one[1])]


class InRow:
    """Marks a field that belongs to a row: it is not called optional, and `lacking` looks at the row as a whole."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: Row, field: Any) -> None:
        """WTForms' protocol."""


class ContactForm(Form):
    """Who applies, as the register knows it."""

    name = StringField(
        N_("Your name"), [Needed(N_("Enter your name"))], description=N_("In Latin letters, as in your passport")
    )
    own_name = StringField(N_("Your name in your own script"))
    email = EmailField(N_("Service e-mail"), [Needed(N_("Enter your service e-mail"))])
    language = SelectField(N_("Language in which we write to you"), choices=languages_known)


class ServiceForm(Form):
    """The officer's service, rank and experience."""

    organisation_id = SelectField(N_("Your agency"), [Needed(N_("Choose your agency"))])
    unit = StringField(N_("Unit"))
    service = SelectField(N_("Your service"), [Needed(N_("Choose your service"))], choices=lambda: choices(ServiceKind))
    rank_group = SelectField(
        N_("Your rank group"), [Needed(N_("Choose your rank group"))], choices=lambda: choices(RankGroup)
    )
    national_rank = StringField(N_("Your rank in your country"))
    years_in_field = NumberField(N_("Years in the field"), [Needed(N_("Enter your years in the field"))])
    sex = SelectField(
        N_("Sex"),
        choices=lambda: choices(Sex, empty=N_("I would rather not say")),
        description=N_("Only for the figures that funders ask for. It changes nothing for you."),
    )
    took_part_before = BooleanField(N_("I have taken part in an exchange before"))


class LineManagerForm(Form):
    """Who is asked six months later whether what was learnt is used."""

    line_manager_name = StringField(N_("Name"), [Needed(N_("Enter your line manager's name"))])
    line_manager_email = EmailField(
        N_("Service e-mail"),
        [Needed(N_("Enter your line manager's service e-mail"))],
        description=N_("We tell your line manager that you named them, and write again six months after your visit."),
    )


class ExpertiseRow(Row):
    """One area of expertise."""

    area = SelectField(N_("Area"), [InRow()], choices=lambda: choices(Expertise))
    level = SelectField(
        N_("Level"),
        choices=lambda: [("1", gettext("1: basic")), ("2", gettext("2: advanced")), ("3", gettext("3: expert"))],
    )
    years = NumberField(N_("Years"), [InRow()])


class ExpertiseForm(Form):
    """Areas of expertise, with level and years."""

    expertise = FieldList(FormField(ExpertiseRow), min_entries=1, max_entries=10)


class LanguageRow(Row):
    """One language."""

    language = SelectField(N_("Language"), [InRow()], choices=languages_known)
    level = SelectField(N_("Level"), [InRow()], choices=lambda: choices(LanguageLevel))


class LanguagesForm(Form):
    """Languages with their level of the Common European Framework."""

    languages = FieldList(FormField(LanguageRow), min_entries=1, max_entries=10)


class TopicsForm(Form):
    """Topics in order, and countries in order."""

    topic_1 = SelectField(N_("First choice"), [Needed(N_("Choose at least one topic of the call"))])
    topic_2 = SelectField(N_("Second choice"))
    topic_3 = SelectField(N_("Third choice"))
    country_1 = SelectField(N_("Country you would like best"), choices=countries_known)
    country_2 = SelectField(N_("Second country"), choices=countries_known)
    country_3 = SelectField(N_("Third country"), choices=countries_known)


class PeriodRow(Row):
    """From the first to the last day."""

    start = DateField(N_("First day"), [InRow()])
    end = DateField(N_("Last day"), [InRow()])


class PeriodsForm(Form):
    """When the officer can travel, and when not."""

    periods = FieldList(FormField(PeriodRow), min_entries=1, max_entries=10)
    blackouts = FieldList(FormField(PeriodRow), min_entries=0, max_entries=10)


class ObjectivesForm(Form):
    """What the officer wants to learn, and how it is passed on."""

    objective_1 = TextAreaField(N_("First objective"), [Needed(N_("Write at least one objective")), Longest(1000)])
    objective_2 = TextAreaField(N_("Second objective"), [Longest(1000)])
    objective_3 = TextAreaField(N_("Third objective"), [Longest(1000)])
    cascade_committed = RadioField(
        N_("Will you pass on what you learn to colleagues at home?"),
        [Needed(N_("Say whether you will pass on what you learn"))],
        choices=lambda: [("yes", gettext("Yes")), ("no", gettext("No"))],
    )
    cascade_plan = TextAreaField(
        N_("How will you pass it on?"), [Longest(1000)], description=N_("For example a training day for your unit")
    )


class PrivacyForm(Form):
    """The privacy notice, read and acknowledged."""

    confirmed = BooleanField(
        N_("I have read the privacy notice"), [Needed(N_("Confirm that you have read the privacy notice"))]
    )


@dataclass(frozen=True, slots=True)
class Task:
    """One page of an application: its title, its form, and the way from answers to fields and back."""

    code: str
    title_: str
    form: type[Form]
    fields: Callable[[Answers], dict[str, Any]]
    changes: Callable[[Form], dict[str, Any]]

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return gettext(self.title_)

    def form_for(self, terms: CallTerms) -> type[Form]:
        """The form; that of the call's own questions is made from them."""
        return question_forms.form_of(terms) if self.code == Section.QUESTIONS else self.form


def _same(*names: str) -> tuple[Callable[[Answers], dict[str, Any]], Callable[[Form], dict[str, Any]]]:
    """Fields that are called like the answers; an empty text is no answer where there may be none."""

    def fields(answers: Answers) -> dict[str, Any]:
        found = {name: getattr(answers, name) for name in names}
        return {name: "" if value is None else value for name, value in found.items()}

    def changes(form: Form) -> dict[str, Any]:
        return {name: _nothing(name, form[name].data) for name in names}

    return fields, changes


_MAY_BE_EMPTY = frozenset({"unit", "national_rank"})


def _nothing(name: str, value: Any) -> Any:
    if value in ("", None):
        return "" if name in _MAY_BE_EMPTY else None
    return value


def _ordered(form: Form, prefix: str) -> list[str]:
    """The choices one to three in their order, each once."""
    return list(dict.fromkeys(value for n in (1, 2, 3) if (value := form[f"{prefix}_{n}"].data)))


def _numbered(prefix: str, values: Sequence[str]) -> dict[str, str]:
    return {f"{prefix}_{n}": value for n, value in enumerate(values[:MOST_OBJECTIVES], start=1)}


def _rows(form: Form, name: str) -> list[dict[str, Any]]:
    field = form[name]
    assert isinstance(field, FieldList)
    return [entry.data for entry in field]


def _periods(form: Form, name: str) -> list[dict[str, Any]]:
    rows = _rows(form, name)
    return [
        {"start": row["start"].isoformat(), "end": row["end"].isoformat()}
        for row in rows
        if row["start"] is not None and row["end"] is not None
    ]


def _expertise(form: Form) -> dict[str, Any]:
    rows = _rows(form, "expertise")
    return {"expertise": [row | {"years": row["years"] or 0} for row in rows if row["area"]]}


def _topics(form: Form) -> dict[str, Any]:
    return {"topics": _ordered(form, "topic"), "preferred_countries": _ordered(form, "country")}


def _objectives(form: Form) -> dict[str, Any]:
    texts = [form[f"objective_{n}"].data or "" for n in (1, 2, 3)]
    committed = form["cascade_committed"].data
    return {
        "objectives": [text for text in texts if text.strip()],
        "cascade_committed": None if committed in (None, "") else committed == "yes",
        "cascade_plan": form["cascade_plan"].data or "",
    }


def _objective_fields(answers: Answers) -> dict[str, Any]:
    committed = {None: None, True: "yes", False: "no"}[answers.cascade_committed]
    found = _numbered("objective", answers.objectives)
    return found | {"cascade_committed": committed, "cascade_plan": answers.cascade_plan}


def _privacy(form: Form) -> dict[str, Any]:
    if not form["confirmed"].data:
        return {}
    return {"privacy_version": PRIVACY_VERSION, "privacy_at": clock.now().isoformat()}


_ALL = (
    Task(Section.CONTACT, N_("Your contact details"), ContactForm, *_same("name", "own_name", "email", "language")),
    Task(
        Section.SERVICE,
        N_("Your service and rank"),
        ServiceForm,
        *_same(
            "organisation_id",
            "unit",
            "service",
            "rank_group",
            "national_rank",
            "years_in_field",
            "sex",
            "took_part_before",
        ),
    ),
    Task(
        Section.LINE_MANAGER,
        N_("Your line manager"),
        LineManagerForm,
        *_same("line_manager_name", "line_manager_email"),
    ),
    Task(
        Section.EXPERTISE,
        N_("Your expertise"),
        ExpertiseForm,
        lambda answers: {"expertise": [one.model_dump(mode="json") for one in answers.expertise]},
        _expertise,
    ),
    Task(
        Section.LANGUAGES,
        N_("Languages you speak"),
        LanguagesForm,
        lambda answers: {"languages": [one.model_dump(mode="json") for one in answers.languages]},
        lambda form: {"languages": [row for row in _rows(form, "languages") if row["language"] and row["level"]]},
    ),
    Task(
        Section.TOPICS,
        N_("Topics and countries"),
        TopicsForm,
        lambda answers: _numbered("topic", answers.topics) | _numbered("country", answers.preferred_countries),
        _topics,
    ),
    Task(
        Section.PERIODS,
        N_("When you can travel"),
        PeriodsForm,
        lambda answers: {
            "periods": [one.model_dump() for one in answers.periods],
            "blackouts": [one.model_dump() for one in answers.blackouts],
        },
        lambda form: {"periods": _periods(form, "periods"), "blackouts": _periods(form, "blackouts")},
    ),
    Task(Section.OBJECTIVES, N_("Objectives and how you pass them on"), ObjectivesForm, _objective_fields, _objectives),
    Task(
        Section.QUESTIONS,
        N_("Questions of this call"),
        question_forms.QuestionsForm,
        question_forms.fields,
        question_forms.changes,
    ),
    Task(
        PRIVACY,
        N_("Privacy notice"),
        PrivacyForm,
        lambda answers: {"confirmed": answers.privacy_version == PRIVACY_VERSION},
        _privacy,
    ),
)
TASK_FORMS: dict[str, Task] = {str(task.code): task for task in _ALL}
"""The pages of an application by code, in their order."""


def tasks_of(terms: CallTerms) -> dict[str, Task]:
    """The pages of an application to this call: one that asks nothing of its own has no page for it."""
    return {code: task for code, task in TASK_FORMS.items() if code != Section.QUESTIONS or terms.questions}


def prepare(form: Form, terms: CallTerms, organisations: Sequence[Organisation]) -> None:
    """Give a form the choices that depend on the call and on the officer's country."""
    if isinstance(form, ServiceForm):
        form.organisation_id.choices = [("", gettext("Choose")), *((str(o.id), o.name) for o in organisations)]
    if isinstance(form, TopicsForm):
        topics = [("", gettext("Choose")), *((code, gettext(topic_label(terms.scheme, code))) for code in terms.topics)]
        for field in (form.topic_1, form.topic_2, form.topic_3):
            field.choices = topics


def lacking(form: Form) -> None:
    """Put an error at rows of which none is filled in, or only half of one (`validate` sees single fields only)."""
    if isinstance(form, ExpertiseForm) and not any(entry.data["area"] for entry in form.expertise):
        form.refuse("expertise", gettext("Add at least one area of expertise"))
    if isinstance(form, LanguagesForm):
        rows = [entry.data for entry in form.languages]
        if not any(row["language"] and row["level"] for row in rows):
            form.refuse("languages", gettext("Add at least one language with its level"))
    if isinstance(form, PeriodsForm):
        _half(form, "periods", needed=True)
        _half(form, "blackouts", needed=False)
    if isinstance(form, ObjectivesForm) and form.cascade_committed.data == "yes" and not form.cascade_plan.data:
        form.refuse("cascade_plan", gettext("Write how you will pass it on"))


def _half(form: Form, name: str, *, needed: bool) -> None:
    rows = _rows(form, name)
    whole = [row for row in rows if row["start"] and row["end"]]
    if needed and not whole:
        form.refuse(name, gettext("Add at least one period in which you can travel"))
    elif any(bool(row["start"]) != bool(row["end"]) for row in rows):
        form.refuse(name, gettext("Each period needs a first and a last day"))
    elif any(row["end"] < row["start"] for row in whole):
        form.refuse(name, gettext("The last day must not be before the first"))


__all__ = [
    "TASK_FORMS",
    "InRow",
    "Task",
    "choices",
    "countries_known",
    "lacking",
    "languages_known",
    "prepare",
    "tasks_of",
]
