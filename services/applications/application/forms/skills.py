"""The pages about what the officer knows: areas of expertise and languages."""

from __future__ import annotations

from typing import Any

from services.applications.application.forms.parts import FormContext, Task, languages_known, rows
from services.applications.forms import NotOptional
from shared.contracts.codes import Expertise, LanguageLevel, Section
from shared.i18n import N_, gettext
from shared.web.forms import Between, FieldList, Form, FormField, NumberField, Row, SelectField


class ExpertiseRow(Row):
    """One area of expertise."""

    area = SelectField(N_("Area"), [NotOptional()], choices=Expertise, blank=N_("Choose"))
    level = SelectField(N_("Level"), choices=[("1", N_("1: basic")), ("2", N_("2: advanced")), ("3", N_("3: expert"))])
    years = NumberField(N_("Years"), [NotOptional(), Between(0, 60)])


class ExpertiseForm(Form):
    """Areas of expertise, with level and years, the most important first."""

    expertise = FieldList(FormField(ExpertiseRow), min_entries=1, max_entries=10)


def _check_expertise(form: ExpertiseForm) -> None:
    if not any(row["area"] for row in rows(form, "expertise")):
        form.refuse("expertise", gettext("Add at least one area of expertise"))


def _expertise_changes(form: ExpertiseForm) -> dict[str, Any]:
    return {"expertise": [row | {"years": row["years"] or 0} for row in rows(form, "expertise") if row["area"]]}


class LanguageRow(Row):
    """One language."""

    language = SelectField(N_("Language"), [NotOptional()])
    level = SelectField(N_("Level"), [NotOptional()], choices=LanguageLevel, blank=N_("Choose"))


class LanguagesForm(Form):
    """Languages with their level of the Common European Framework."""

    languages = FieldList(FormField(LanguageRow), min_entries=1, max_entries=10)


def _language_choices(form: LanguagesForm, _: FormContext) -> None:
    for entry in form.languages:
        entry.form.language.choices = languages_known()


def _check_languages(form: LanguagesForm) -> None:
    written = rows(form, "languages")
    if not any(row["language"] and row["level"] for row in written):
        form.refuse("languages", gettext("Add at least one language with its level"))
    elif any(bool(row["language"]) != bool(row["level"]) for row in written):
        form.refuse("languages", gettext("Each language needs its level"))
    named = [row["language"] for row in written if row["language"]]
    if len(set(named)) < len(named):
        form.refuse("languages", gettext("Name each language once"))


EXPERTISE = Task(
    Section.EXPERTISE,
    ExpertiseForm,
    lambda answers: {"expertise": [one.model_dump(mode="json") for one in answers.expertise]},
    _expertise_changes,
    check=_check_expertise,
)
LANGUAGES = Task(
    Section.LANGUAGES,
    LanguagesForm,
    lambda answers: {"languages": [one.model_dump(mode="json") for one in answers.languages]},
    lambda form: {"languages": [row for row in rows(form, "languages") if row["language"] and row["level"]]},
    prepare=_language_choices,
    check=_check_languages,
    rules=("language",),
)
