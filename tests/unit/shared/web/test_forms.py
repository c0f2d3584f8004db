"""Test that a form reads what a person writes, and says in plain words what is missing."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from starlette.datastructures import FormData

from shared.errors import Refused
from shared.web.forms import (
    Between,
    BooleanField,
    CheckboxesField,
    DateField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)


class Clock(Form):
    """A time of day."""

    at = TimeField("At", [Needed("Enter a time such as 14:30")])


@pytest.mark.parametrize(
    ("written", "meant", "problem"),
    [
        ("14:30", time(14, 30), None),
        (" 9.05 ", time(9, 5), None),
        ("00:00", time(0, 0), None),
        ("24:00", None, "Enter a time such as 14:30"),
        ("noon", None, "Enter a time such as 14:30"),
        ("", None, "Enter a time such as 14:30"),
    ],
)
def test_a_time_is_read_or_what_to_write_is_said(written: str, meant: time | None, problem: str | None) -> None:
    """Midnight is a time; what cannot be read stays in the field as it was written."""
    form = Clock(FormData({"at": written}))
    assert form.validate() is (problem is None)
    assert form.at.data == meant
    assert list(form.at.errors) == ([] if problem is None else [problem])
    assert form.at._value() == written
    assert Clock(data={"at": time(9, 5)}).at._value() == "09:05"


class LanguageRow(Row):
    """A row of languages."""

    language = StringField("Language", [Needed("Choose a language")])


class Sample(Form):
    """One field of each kind."""

    unit = StringField("Unit", [Needed("Enter your unit")])
    years = NumberField("Years", [Needed("Enter how many years"), Between(0, 60)])
    day = DateField("Day", [Needed("Enter the day"), Between(date(2027, 1, 4))])
    text = TextAreaField("Text", [Longest(10)])
    kind = RadioField("Kind", [Needed("Choose what you apply for")], choices=[("visit", "Visit"), ("mentee", "Mentee")])
    topics = CheckboxesField("Topics", choices=[("a", "A"), ("b", "B")])
    level = SelectField("Level", choices=[("B1", "B1")], default="B1")
    rows = FieldList(FormField(LanguageRow), min_entries=1, max_entries=2)
    agreed = BooleanField("Agreed", [Needed("Confirm session")])


class Sent:
    """A request that carries a form."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._form = FormData(list(pairs))

    async def form(self) -> FormData:
        """Return the form."""
        return self._form


GOOD = (
    ("unit", "  Cyber unit "),
    ("years", "7"),
    ("day-day", "8"),
    ("day-month", "2"),
    ("day-year", "2027"),
    ("text", "short"),
    ("kind", "visit"),
    ("topics", "a"),
    ("topics", "b"),
    ("level", "B1"),
    ("rows-0-language", "hy"),
    ("agreed", "y"),
)


async def read(*pairs: tuple[str, str], **known: Any) -> Sample:
    """Return the sample form as it was sent."""
    return await Sample.read(Sent(*pairs), **known)  # type: ignore[arg-type]  # has all of a request that is used


async def test_a_whole_form_is_taken_in() -> None:
    """Blanks around go, numbers and dates become numbers and dates, several ticks a list."""
    form = await read(*GOOD)
    assert form.validate(), form.problems()
    assert (form.unit.data, form.years.data, form.day.data) == ("Cyber unit", 7, date(2027, 2, 8))
    assert (form.kind.data, form.topics.data, form.agreed.data) == ("visit", ["a", "b"], True)
    assert form.rows.data == [{"language": "hy"}]
    assert form.problems() == []


async def test_an_empty_form_says_what_to_enter() -> None:
    """One message a field, in our words, with the id of the first input to jump to."""
    form = await read(("rows-0-language", ""), ("level", "B1"))
    assert not form.validate()
    assert form.problems() == [
        ("unit", "Enter your unit"),
        ("years", "Enter how many years"),
        ("day-day", "Enter the day"),
        ("kind", "Choose what you apply for"),
        ("rows-0-language", "Choose a language"),
        ("agreed", "Confirm session"),
    ]


class Longer(Sample):
    """A form whose page shows its own field first."""

    leading = ("item",)
    item = StringField("Item", [Needed("Choose what it is for")])


def test_problems_stand_in_the_order_of_the_page() -> None:
    """A field that a subclass adds above the others comes first in the summary too."""
    form = Longer(FormData([("unit", ""), ("rows-0-language", "hy")]))
    assert not form.validate()
    assert [anchor for anchor, _ in form.problems()][:2] == ["item", "unit"]


@pytest.mark.parametrize(
    ("day", "month", "year", "message"),
    [
        ("31", "2", "2027", "“Day” must be a real date, such as 27 3 2027"),
        ("8", "", "", "“Day” must include a month and a year"),
        ("8", "2", "", "“Day” must include a year"),
        ("x", "2", "2027", "“Day” must be a real date, such as 27 3 2027"),
        ("1", "1", "2027", "“Day” must be 4 January 2027 or later"),
    ],
)
async def test_a_date_says_what_is_wrong(day: str, month: str, year: str, message: str) -> None:
    """A wrong date stays in the three inputs, and one sentence says how to mend it."""
    kept = [pair for pair in GOOD if not pair[0].startswith("day")]
    form = await read(*kept, ("day-day", day), ("day-month", month), ("day-year", year))
    assert not form.validate()
    assert form.problems() == [("day-day", message)]
    assert form.day.written == {"day": day, "month": month, "year": year}


@pytest.mark.parametrize(
    ("field", "written", "message"),
    [
        ("years", "seven", "Enter a whole number, such as 5"),
        ("years", "99", "“Years” must be from 0 to 60"),
        ("text", "much too long", "“Text” must be 10 characters or fewer"),
        ("kind", "teacher", "Choose one of the answers given"),
    ],
)
async def test_a_wrong_answer_says_how_to_mend_it(field: str, written: str, message: str) -> None:
    """No message of the library is shown, and none twice."""
    kept = [pair for pair in GOOD if pair[0] != field]
    form = await read(*kept, (field, written))
    assert not form.validate()
    assert [text for _, text in form.problems()] == [message]


async def test_fields_show_known_values() -> None:
    """Before anything was sent, fields show what is known."""
    form = await read(unit="Customs unit", day=date(2027, 3, 1))
    assert form.unit.data == "Customs unit"
    assert form.day.written == {"day": "1", "month": "3", "year": "2027"}


async def test_rows_grow_and_shrink_without_javascript() -> None:
    """The buttons add rows up to the maximum and remove their own row; other answers stay."""
    request = Sent(*GOOD, ("row", "add:rows"))
    form = await Sample.read(request)  # type: ignore[arg-type]  # has all of a request that is used
    assert await form.rows_changed(request)  # type: ignore[arg-type]  # as above
    assert [row["language"] for row in form.rows.data] == ["hy", None]
    request = Sent(*GOOD, ("rows-1-language", "ka"), ("row", "remove:rows:0"))
    form = await Sample.read(request)  # type: ignore[arg-type]  # as above
    assert await form.rows_changed(request)  # type: ignore[arg-type]  # as above
    assert form.rows.data == [{"language": "ka"}]
    assert form.unit.data == "Cyber unit"


async def test_a_button_for_rows_that_are_not_there_does_nothing() -> None:
    """A button that a stranger may send in its place changes nothing and breaks nothing."""
    for action in ("add:unit", "remove:rows:9", "remove:rows:x", "add:", "nonsense"):
        request = Sent(*GOOD, ("row", action))
        form = await Sample.read(request)  # type: ignore[arg-type]  # as above
        await form.rows_changed(request)  # type: ignore[arg-type]  # as above
        assert form.rows.data == [{"language": "hy"}]


async def test_a_refusal_stands_at_the_fields_that_it_names() -> None:
    """At a field, or at the rows that it means; one without fields at the given field; what no form mends is raised."""
    form = await read(*GOOD)
    assert form.validate()
    form.take(Refused("Two are wrong", 422, {"unit": "It is closed", "rows.0.language": "Choose one"}))
    form.take(Refused("Somebody changed it", 409), "unit", statuses=(409, 422))
    form.take(Refused("The call is closed", 422))
    said = dict.fromkeys(text for _, text in form.problems())
    assert set(said) == {"It is closed", "Choose one", "Somebody changed it", "The call is closed"}
    assert [text for anchor, text in form.problems() if anchor == "unit"] == ["It is closed", "Somebody changed it"]
    assert ("main-content", "The call is closed") in form.problems()
    with pytest.raises(Refused):
        form.take(Refused("It is not yours", 404))


async def test_the_model_can_refuse_a_field() -> None:
    """An error that only the rules can find is shown at its field all the same."""
    form = await read(*GOOD)
    assert form.validate()
    form.refuse("unit", "This unit has been closed")
    form.refuse("elsewhere", "The call is closed")
    assert form.problems() == [("unit", "This unit has been closed"), ("main-content", "The call is closed")]


class Chosen(Form):
    """A form with each kind of choice."""

    single = SelectField("One", choices=[("new", "New")], blank="Choose")
    few = RadioField("Few", choices=[("new", "New")])
    many = CheckboxesField("Many", choices=[("new", "New")])


def test_a_stored_choice_that_was_dropped_is_shown_and_refused() -> None:
    """It is chosen and said to be no longer available; the form is not saved before something else is chosen."""
    old = {"single": "old_code", "few": "old_code", "many": ["new", "old_code"]}
    fields: Any = Chosen(data=old)
    for field in fields:
        chosen = [(choice.value, choice.label) for choice in field.iter_choices() if choice.selected]
        assert chosen[-1] == ("old_code", "Old code (no longer available)")
    sent = FormData([("single", "old_code"), ("few", "old_code"), ("many", "new"), ("many", "old_code")])
    form = Chosen(sent)
    assert not form.validate()
    assert [name for name, _ in form.problems()] == ["single", "few", "many"]
    assert Chosen(FormData([("single", ""), ("few", "new"), ("many", "new")])).validate()


def test_an_id_that_can_no_longer_be_chosen_is_not_shown() -> None:
    """Of an organisation that left the list the reader sees that it is gone, not its id."""
    form = Chosen(data={"single": "0190f3e4-0000-7000-8000-000000000001"})
    assert [choice.label for choice in form.single.iter_choices()][-1] == "No longer available"
