"""The pages about what the officer wants: topics, countries, periods, objectives and passing them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.application.forms.parts import FormContext, Task, column, countries_known, readable, rows
from services.applications.application.model.answers import MOST_OBJECTIVES
from services.applications.forms import NotOptional
from shared.contracts.codes import Section, topic_label
from shared.i18n import N_, gettext
from shared.web.forms import (
    DateField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    RadioField,
    Row,
    SelectField,
    TextAreaField,
)

if TYPE_CHECKING:
    from services.applications.application.model.answers import Answers


class TopicRow(Row):
    """One topic."""

    topic = SelectField(N_("Topic"), [NotOptional()])


class CountryRow(Row):
    """One country."""

    country = SelectField(N_("Country"), [NotOptional()])


class TopicsForm(Form):
    """Topics in order, and countries in order."""

    topics = FieldList(FormField(TopicRow), min_entries=1, max_entries=10)
    preferred_countries = FieldList(FormField(CountryRow), min_entries=0, max_entries=10)


def _topic_choices(form: TopicsForm, context: FormContext) -> None:
    topics = [(code, gettext(topic_label(context.terms.scheme, code))) for code in context.terms.topics]
    for entry in form.topics:
        entry.form.topic.choices = [("", gettext("Choose")), *topics]
    for entry in form.preferred_countries:
        entry.form.country.choices = countries_known()


def _check_topics(form: TopicsForm) -> None:
    if not column(form, "topics", "topic"):
        form.refuse("topics", gettext("Choose at least one topic of the call"))
    for name, part, sentence in (
        ("topics", "topic", N_("Choose each topic once")),
        ("preferred_countries", "country", N_("Choose each country once")),
    ):
        named = [row[part] for row in rows(form, name) if row[part]]
        if len(set(named)) < len(named):
            form.refuse(name, gettext(sentence))


def _topic_fields(answers: Answers) -> dict[str, Any]:
    return {
        "topics": [{"topic": code} for code in answers.topics],
        "preferred_countries": [{"country": code} for code in answers.preferred_countries],
    }


class PeriodRow(Row):
    """From the first to the last day."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])


class PeriodsForm(Form):
    """When the officer has time, and when not."""

    periods = FieldList(FormField(PeriodRow), min_entries=1, max_entries=10)
    blackouts = FieldList(FormField(PeriodRow), min_entries=0, max_entries=10)


def _period_changes(form: PeriodsForm) -> dict[str, Any]:
    return {
        name: [
            {"start": row["start"].isoformat(), "end": row["end"].isoformat()}
            for row in rows(form, name)
            if row["start"] is not None and row["end"] is not None
        ]
        for name in ("periods", "blackouts")
    }


def _check_periods(form: PeriodsForm) -> None:
    for name in ("periods", "blackouts"):
        if not readable(form, name):
            continue  # the dates say themselves what is wrong with them
        written = rows(form, name)
        whole = [row for row in written if row["start"] and row["end"]]
        if name == "periods" and not whole:
            form.refuse(name, gettext("Add at least one period in which you have time"))
        elif any(bool(row["start"]) != bool(row["end"]) for row in written):
            form.refuse(name, gettext("Each period needs a first and a last day"))
        elif any(row["end"] < row["start"] for row in whole):
            form.refuse(name, gettext("The last day must not be before the first"))


class ObjectiveRow(Row):
    """One objective."""

    text = TextAreaField(N_("Objective"), [NotOptional(), Longest(1000)])


class ObjectivesForm(Form):
    """What the officer wants to learn, and how it is passed on."""

    objectives = FieldList(FormField(ObjectiveRow), min_entries=1, max_entries=MOST_OBJECTIVES)
    cascade_committed = RadioField(
        N_("Will you pass on what you learn to colleagues at home?"),
        [Needed(N_("Say whether you will pass on what you learn"))],
        choices=[("yes", N_("Yes")), ("no", N_("No"))],
    )
    cascade_plan = TextAreaField(
        N_("How will you pass it on?"), [Longest(1000)], description=N_("For example a training day for your unit")
    )


def _objective_changes(form: ObjectivesForm) -> dict[str, Any]:
    committed = form.cascade_committed.data
    return {
        "objectives": [row["text"].strip() for row in rows(form, "objectives") if (row["text"] or "").strip()],
        "cascade_committed": None if committed in (None, "") else committed == "yes",
        "cascade_plan": form.cascade_plan.data or "",
    }


def _objective_fields(answers: Answers) -> dict[str, Any]:
    committed = {None: None, True: "yes", False: "no"}[answers.cascade_committed]
    return {
        "objectives": [{"text": text} for text in answers.objectives],
        "cascade_committed": committed,
        "cascade_plan": answers.cascade_plan,
    }


def _check_objectives(form: ObjectivesForm) -> None:
    if not _objective_changes(form)["objectives"]:
        form.refuse("objectives", gettext("Write at least one objective"))
    if form.cascade_committed.data == "yes" and not form.cascade_plan.data:
        form.refuse("cascade_plan", gettext("Write how you will pass it on"))


TOPICS = Task(
    Section.TOPICS,
    TopicsForm,
    _topic_fields,
    lambda form: {
        "topics": column(form, "topics", "topic"),
        "preferred_countries": column(form, "preferred_countries", "country"),
    },
    prepare=_topic_choices,
    check=_check_topics,
    rules=("topics",),
)
PERIODS = Task(
    Section.PERIODS,
    PeriodsForm,
    lambda answers: {
        "periods": [period.model_dump() for period in answers.periods],
        "blackouts": [blackout.model_dump() for blackout in answers.blackouts],
    },
    _period_changes,
    check=_check_periods,
    rules=("periods",),
)
OBJECTIVES = Task(
    Section.OBJECTIVES,
    ObjectivesForm,
    _objective_fields,
    _objective_changes,
    check=_check_objectives,
    rules=("cascade",),
)
