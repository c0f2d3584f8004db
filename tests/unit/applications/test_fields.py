"""Tests of declared fields: form, missing check, words and what leaves the portal follow from one table."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pytest
import wtforms
from starlette.datastructures import FormData

from services.applications.application.forms.tasks import TASK_FORMS, FormContext
from services.applications.application.model.answers import Answers
from services.applications.calls.forms.fields import prepare
from services.applications.calls.forms.sections import SECTION_FORMS
from services.applications.calls.model.entry import CallEntry
from services.applications.calls.model.facts import Facts
from services.applications.field_forms import RowKind, form_data, form_of, form_values
from services.applications.fields import (
    Control,
    FieldSpec,
    Reading,
    as_written,
    differing,
    fields_of,
    listed,
    missing,
    of_the_call,
    published,
    sections_of,
    topics_in_words,
    topics_listed,
    value_in_words,
)
from services.applications.mentors.forms import MentorForm
from services.applications.mentors.model import MentorEntry
from services.applications.placements.forms import OfferForm
from services.applications.placements.model.placement import PlacementEntry
from services.applications.stored_entries import Check, StoredEntry
from shared.contracts import labels
from shared.contracts._examples import CALL_TERMS
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import Part
from shared.contracts.calls import CallTerms
from shared.contracts.codes import RankGroup, Section
from shared.web.forms import Form, Row, SelectField, StringField

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wtforms.fields import Field

TERMS = CallTerms.model_validate(CALL_TERMS)


def _comes_late(day: date, name: str, terms: CallTerms) -> bool | dict[str, object]:
    return day > terms.deadline.date() and {"name": name}


class Sample(StoredEntry):
    """An entry with one field of each sort."""

    name: Annotated[
        str | None, FieldSpec("person", "Your name", title="Name", hint="As in the passport", remedy="Enter your name")
    ] = None
    rank_group: Annotated[
        RankGroup | None,
        FieldSpec("person", "Rank", Control.SELECT, choices=RankGroup, blank="Choose", published=as_written),
    ] = None
    passes_on: Annotated[
        bool | None,
        FieldSpec(
            "plans",
            "Passes it on",
            Control.YES_NO,
            remedy="Promise it",
            complete=lambda entry, _: bool(entry.passes_on),
        ),
    ] = None
    topics: Annotated[
        tuple[str, ...], FieldSpec("plans", "Topics", Control.ROWS, words=topics_in_words, published=of_the_call)
    ] = ()
    last_day: Annotated[date | None, FieldSpec("plans", "Last day", Control.DATE)] = None
    days: Annotated[int, FieldSpec("plans", "Days", Control.NUMBER)] = 5
    languages: tuple[LanguageHeld, ...] = ()

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("last_day", "name"), "%(name)s must come before the deadline", _comes_late),
        Check(("last_day",), "Choose a working day", lambda day, _: day.weekday() > 4),
        Check((), "The call takes no visits", lambda terms: not terms.kinds),
    )


class Profile(Part):
    """The part of a sample that leaves the portal."""

    reference: str
    rank_group: RankGroup | None
    topics: tuple[str, ...]


class TopicRow(Row):
    """One topic."""

    topic = StringField("Topic")


def _topic(row: Mapping[str, Any]) -> str | None:
    return row["topic"] or None


ROWS = {"topics": RowKind(TopicRow, lambda topic: {"topic": topic}, _topic)}
NAMES = tuple(fields_of(Sample))
LISTED_OF_PLACEMENTS = {"topics", "expertise", "languages", "excluded_rank_groups", "costs_borne"}
LISTED_OF_MENTORS = {"topics", "languages", "rank_groups"}


def test_the_table_is_the_class() -> None:
    """Fields are those with a declaration, in sections and in the order of the class."""
    assert NAMES == ("name", "rank_group", "passes_on", "topics", "last_day", "days")
    assert sections_of(Sample) == {"person": NAMES[:2], "plans": NAMES[2:]}


def test_missing_fields_are_named_with_their_remedy() -> None:
    """A field with a remedy is missing until it is answered, or until its own rule is met."""
    assert missing(Sample(), TERMS) == {"name": "Enter your name", "passes_on": "Promise it"}
    assert missing(Sample(name="Ani", passes_on=True), TERMS) == {}


def test_rules_between_fields_name_the_first_of_them() -> None:
    """A rule is judged once all its fields are answered; the first error of a field counts; errors name values."""
    saturday = date(2030, 6, 1)
    assert missing(Sample(last_day=saturday, passes_on=True), TERMS) == {
        "name": "Enter your name",
        "last_day": "Choose a working day",
    }
    late = Sample(name="Ani", last_day=saturday, passes_on=True)
    assert missing(late, TERMS) == {"last_day": "Ani must come before the deadline"}
    assert missing(Sample(name="Ani", last_day=date(2025, 6, 2), passes_on=True), TERMS) == {}
    without = TERMS.model_copy(update={"kinds": ()})
    assert missing(Sample(name="Ani", passes_on=True), without) == {"form": "The call takes no visits"}


def test_problems_stand_in_the_order_of_the_table() -> None:
    """Wrong and missing fields are named in the order in which the form asks for them."""
    assert list(missing(Sample(last_day=date(2030, 6, 1)), TERMS)) == ["name", "passes_on", "last_day"]


def test_only_published_fields_leave_the_portal() -> None:
    """Topics outside the call and fields that are not published stay in the portal."""
    sample = Sample(name="Ani", rank_group=RankGroup.OPERATIONAL, topics=("online_crime", "drug_trafficking"))
    profile = published(Profile, sample, TERMS, reference="AM-2026-0042")
    assert profile == Profile(reference="AM-2026-0042", rank_group=RankGroup.OPERATIONAL, topics=("online_crime",))


def test_values_read_as_words() -> None:
    """A value is put into words by its type, or by the field's own function."""
    sample = Sample(passes_on=False, topics=("online_crime",), last_day=date(2026, 3, 2))
    shown = {name: value_in_words(sample, name, Reading()) for name in NAMES}
    assert shown["passes_on"] == "No"
    assert shown["topics"] == labels.topic("online_crime")
    assert shown["last_day"] == "2 March 2026"
    assert shown["name"] == ""


def test_changed_fields_are_found_in_order() -> None:
    """The fields that differ are named in the order of the table."""
    assert differing(Sample(), Sample(days=3, name="Ani")) == ["name", "days"]


def test_a_form_follows_from_the_table() -> None:
    """Labels, hints, choices and rows come from the table, and values go to the form and back unchanged."""
    form_class = form_of(Sample, NAMES, base=Form, rows=ROWS)
    sample = Sample(
        name="Ani",
        rank_group=RankGroup.OPERATIONAL,
        passes_on=True,
        topics=("online_crime",),
        last_day=date(2026, 3, 2),
    )
    form = form_class(data=form_data(sample, NAMES, ROWS))
    assert (form["name"].label.text, form["name"].description) == ("Your name", "As in the passport")
    assert Sample.model_validate(form_values(form, Sample, NAMES, ROWS)) == sample


def test_an_empty_answer_is_the_default() -> None:
    """A field that is left empty takes the default; a required one is refused with its remedy, in a draft it is not."""
    empty = form_of(Sample, NAMES, base=Form, rows=ROWS)(data=form_data(Sample(), NAMES, ROWS) | {"days": None})
    assert form_values(empty, Sample, NAMES, ROWS)["days"] == 5
    assert not empty.validate()
    assert dict(empty.problems())["name"] == "Enter your name"
    assert form_of(Sample, ("name",), base=Form, draft=True)(data={}).validate()


def _selects(fields: Iterable[Field]) -> Iterator[SelectField]:
    for field in fields:
        if isinstance(field, wtforms.FormField):
            yield from _selects(field.form)
        elif isinstance(field, wtforms.FieldList):
            yield from _selects(field.entries)
        elif isinstance(field, SelectField):
            yield field


def _with_rows(form: Form) -> Form:
    for rows in form:
        if isinstance(rows, wtforms.FieldList) and not rows.entries:
            rows.append_entry()
    return form


def _empty_forms() -> Iterator[Form]:
    """Each form that is made from a table of fields, with nothing answered."""
    for task in TASK_FORMS.values():
        form = _with_rows(task.form_for(TERMS)())
        task.prepare(form, FormContext(TERMS))
        yield form
    for section in SECTION_FORMS.values():
        form = _with_rows(section.form()(data=section.fields(CallEntry())))
        prepare(form, Facts(funds={}, needs={}), CallEntry())
        yield form
    yield from (_with_rows(MentorForm()), _with_rows(OfferForm()))


def test_no_list_answers_for_its_reader() -> None:
    """A list without an answer begins with an empty choice, or shows the default that holds without an answer."""
    found = list(chain.from_iterable(map(_selects, _empty_forms())))
    assert {"language", "organisation_id", "minimum_level", "languages-0-language", "expertise-0-level"} <= {
        field.name for field in found
    }
    for field in found:
        choices = [value for value, *_ in field.iter_choices()]
        assert choices[0] == "" or field.data in choices, field.name


def test_a_language_that_nobody_chose_is_not_saved() -> None:
    """The empty choice of a language is refused with what to do, and says nothing of the answer."""
    page = TASK_FORMS[Section.CONTACT]
    form = page.form_for(TERMS)(FormData({"name": "Ani", "email": "ani@police.example", "language": ""}))
    page.prepare(form, FormContext(TERMS))
    assert not form.validate()
    assert form.problems() == [("language", "Choose the language of our messages to you")]
    assert page.changes(form)["language"] is None


def test_an_area_without_its_level_is_refused() -> None:
    """Each area of expertise has the level that its officer chose."""
    page = TASK_FORMS[Section.EXPERTISE]
    form = page.form_for(TERMS)(FormData({"expertise-0-area": "analysis", "expertise-0-level": ""}))
    page.prepare(form, FormContext(TERMS))
    page.check(form)
    assert form.problems() == [("expertise", "Each area needs a level")]


def test_a_level_without_its_area_is_refused() -> None:
    """Beside a whole area, a level that names none is not dropped without a word."""
    page = TASK_FORMS[Section.EXPERTISE]
    whole = {"expertise-0-area": "analysis", "expertise-0-level": "2"}
    form = page.form_for(TERMS)(FormData(whole | {"expertise-1-area": "", "expertise-1-level": "3"}))
    page.prepare(form, FormContext(TERMS))
    page.check(form)
    assert form.problems() == [("expertise", "Each area needs a level")]


DAY = {"year": "2026", "month": "5"}
ENGLISH = [{"language": "en", "level": level} for level in ("B1", "C1")]
REVERSED = {f"periods-0-{name}-{part}": text for name in ("start", "end") for part, text in DAY.items()}


@pytest.mark.parametrize(
    ("section", "sent", "answers", "error"),
    [
        (
            Section.LANGUAGES,
            {
                f"languages-{row}-{part}": text
                for row, language in enumerate(ENGLISH)
                for part, text in language.items()
            },
            {"languages": ENGLISH},
            {"languages": "Enter each language once"},
        ),
        (
            Section.TOPICS,
            {"topics-0-topic": "online_crime", "topics-1-topic": "online_crime"},
            {"topics": ["online_crime", "online_crime"]},
            {"topics": "Choose each topic once"},
        ),
        (
            Section.PERIODS,
            REVERSED | {"periods-0-start-day": "8", "periods-0-end-day": "4"},
            {"periods": [{"start": "2026-05-08", "end": "2026-05-04"}]},
            {"periods": "The last day must not be before the first"},
        ),
    ],
)
def test_form_and_submission_share_the_rules_between_fields(
    section: Section, sent: dict[str, str], answers: dict[str, Any], error: dict[str, str]
) -> None:
    """An application that its page would refuse is not submitted through the API either."""
    page = TASK_FORMS[section]
    form = page.form_for(TERMS)(FormData(sent))
    page.prepare(form, FormContext(TERMS))
    page.check(form)
    assert dict(form.problems()) == error
    stored = Answers.from_stored(answers)
    lacking = missing(stored, TERMS)
    assert error.keys() <= lacking.keys()
    assert error.items() <= (lacking | stored.refused).items()


def test_the_schema_describes_the_field() -> None:
    """The API's schema says of a field what the form says."""
    described = Sample.model_json_schema()["properties"]["name"]["description"]
    assert described == "Name. As in the passport"
    parts = CallEntry.model_json_schema()["$defs"]
    assert parts["EntryRules"]["properties"]["countries"]["description"] == (
        "Countries whose officers may apply. Leave empty for all"
    )
    assert parts["Timers"]["properties"]["report_days"]["description"] == "Guest's report (days)"


def test_words_and_names_are_listed_with_commas() -> None:
    """Ranks, languages and topics of a placement or a mentor read as one enumeration."""
    assert listed((RankGroup.OPERATIONAL, RankGroup.STRATEGIC), Reading()).count(", ") == 1
    languages = (LanguageHeld(language="en", level="B2"), LanguageHeld(language="fr", level="C1"))
    assert listed(languages, Reading()) == "English B2, French C1"
    assert topics_listed(("online_crime", "drug_trafficking"), Reading()) == topics_in_words(
        ("online_crime", "drug_trafficking"), Reading()
    ).replace("; ", ", ")
    for entry, names in ((PlacementEntry, LISTED_OF_PLACEMENTS), (MentorEntry, LISTED_OF_MENTORS)):
        words = {name: spec.words for name, spec in fields_of(entry).items()}
        assert {name for name in words if words[name] in (listed, topics_listed)} == names
