"""The pages about the officer: contact, service, line manager, courses and conflicts, privacy notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.application.forms.parts import FormContext, Task, choices, column, rows, same_names
from services.applications.application.model.answers import PRIVACY_VERSION
from services.applications.application.model.tasks import BACKGROUND, PRIVACY
from services.applications.forms import NotOptional
from shared.contracts import labels
from shared.contracts.codes import RankGroup, Section, ServiceKind, Sex
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.forms import (
    BooleanField,
    CheckboxesField,
    EmailField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NumberField,
    Row,
    SelectField,
    StringField,
    arrange,
)

if TYPE_CHECKING:
    from services.applications.application.model.answers import Answers


class ContactForm(Form):
    """Who applies, as the register knows it."""

    name = StringField(
        N_("Your name"), [Needed(N_("Enter your name"))], description=N_("In Latin letters, as in your passport")
    )
    own_name = StringField(N_("Your name in your own script"))
    email = EmailField(N_("Service e-mail"), [Needed(N_("Enter your service e-mail"))])
    language = SelectField(N_("Language in which we write to you"))


def _language_choices(form: ContactForm, _: FormContext) -> None:
    form.language.choices = [("", gettext("Choose")), *labels.written(form.language.data)]


class ServiceForm(Form):
    """The officer's service, rank and experience."""

    organisation_id = SelectField(N_("Your agency"), [Needed(N_("Choose your agency"))])
    unit = StringField(N_("Unit"))
    service = SelectField(
        N_("Your service"), [Needed(N_("Choose your service"))], choices=ServiceKind, blank=N_("Choose")
    )
    rank_group = SelectField(
        N_("Your rank group"), [Needed(N_("Choose your rank group"))], choices=RankGroup, blank=N_("Choose")
    )
    national_rank = StringField(N_("Your rank in your country"))
    years_in_field = NumberField(N_("Years in the field"), [Needed(N_("Enter your years in the field"))])
    sex = SelectField(
        N_("Sex"),
        choices=Sex,
        blank=N_("I would rather not say"),
        description=N_("Only for the figures that funders ask for. It changes nothing for you."),
    )
    took_part_before = BooleanField(N_("I have taken part in an exchange before"))


def _agency_choices(form: ServiceForm, context: FormContext) -> None:
    form.organisation_id.choices = [
        ("", gettext("Choose")),
        *((str(organisation.id), organisation.name) for organisation in context.own),
    ]


class LineManagerForm(Form):
    """Who answers the follow-up six months later."""

    line_manager_name = StringField(N_("Name"), [Needed(N_("Enter your line manager's name"))])
    line_manager_email = EmailField(
        N_("Service e-mail"),
        [Needed(N_("Enter your line manager's service e-mail"))],
        description=N_("We tell your line manager that you named them, and write again six months later."),
    )


class CourseRow(Row):
    """One finished course."""

    course = StringField(N_("Name of the course"), [NotOptional(), Longest(200)])


class ConflictRow(Row):
    """One organisation with which there is a conflict of interest."""

    organisation = SelectField(N_("Organisation"), [NotOptional()])


class BackgroundForm(Form):
    """Finished courses, and organisations to which the officer must not go."""

    asked_courses = CheckboxesField(
        N_("Courses that this call asks for"), description=N_("Tick those that you have finished")
    )
    courses = FieldList(FormField(CourseRow), min_entries=0, max_entries=10)
    conflicts = FieldList(FormField(ConflictRow), min_entries=0, max_entries=20)


def _course_choices(form: BackgroundForm, context: FormContext) -> None:
    """Offer the call's own courses as boxes, so that their names are written as the rule has them."""
    courses = context.terms.rules.courses
    finished = {*column(form, "courses", "course"), *(form.asked_courses.data or ())}
    form.asked_courses.choices = [(course, course) for course in courses]
    form.asked_courses.data = [course for course in courses if course in finished]
    others = [place for place, row in enumerate(rows(form, "courses")) if (row["course"] or "").strip() not in courses]
    arrange(form.courses, others)
    organisations = [
        (str(organisation.id), f"{labels.country(organisation.country)}: {organisation.name}")
        for organisation in context.abroad
    ]
    for entry in form.conflicts:
        entry.form.organisation.choices = [
            ("", gettext("Choose")),
            *sorted(organisations, key=lambda choice: choice[1]),
        ]


def _background_fields(answers: Answers) -> dict[str, Any]:
    return {
        "courses": [{"course": course} for course in answers.courses],
        "conflicts": [{"organisation": str(organisation_id)} for organisation_id in answers.conflicts],
    }


def _background_changes(form: BackgroundForm) -> dict[str, Any]:
    ticked = list(form.asked_courses.data or ())
    return {
        "courses": list(dict.fromkeys([*ticked, *column(form, "courses", "course")])),
        "conflicts": column(form, "conflicts", "organisation"),
    }


class PrivacyForm(Form):
    """The privacy notice, read and acknowledged."""

    confirmed = BooleanField(
        N_("I have read the privacy notice"), [Needed(N_("Confirm that you have read the privacy notice"))]
    )


def _privacy_changes(form: PrivacyForm) -> dict[str, Any]:
    if not form.confirmed.data:
        return {}
    return {"privacy_version": PRIVACY_VERSION, "privacy_at": clock.now().isoformat()}


CONTACT = Task(
    Section.CONTACT,
    ContactForm,
    *same_names("name", "own_name", "email", "language"),
    prepare=_language_choices,
)
SERVICE = Task(
    Section.SERVICE,
    ServiceForm,
    *same_names(
        "organisation_id",
        "unit",
        "service",
        "rank_group",
        "national_rank",
        "years_in_field",
        "sex",
        "took_part_before",
        empty=frozenset({"unit", "national_rank"}),
    ),
    prepare=_agency_choices,
    rules=("years_in_field", "service", "rank_group", "country", "partner_active"),
)
LINE_MANAGER = Task(
    Section.LINE_MANAGER,
    LineManagerForm,
    *same_names("line_manager_name", "line_manager_email"),
)
COURSES = Task(
    BACKGROUND,
    BackgroundForm,
    _background_fields,
    _background_changes,
    prepare=_course_choices,
    rules=("course",),
)
NOTICE = Task(
    PRIVACY,
    PrivacyForm,
    lambda answers: {"confirmed": answers.privacy_version == PRIVACY_VERSION},
    _privacy_changes,
)

__all__ = ["CONTACT", "COURSES", "LINE_MANAGER", "NOTICE", "SERVICE", "choices"]
