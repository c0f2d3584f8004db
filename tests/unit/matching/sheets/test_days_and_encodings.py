"""Test how encodings, days and the names of columns and codes are understood, each by itself."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.sheets.files import words
from services.matching.sheets.files.days import NoDay, Order, order_of, read_day
from services.matching.sheets.files.encodings import Doubtful, decode
from services.matching.sheets.files.fields import FIELDS, Single, columns_of
from services.matching.sheets.files.words import Choice

_TEXTS = {
    "windows-1250": ("Łódź", "Żandarmeria", "Poliția", "Příbram", "Gyõr", "Čačak", "Zürich", "Česká policie"),
    "windows-1251": ("Полиция", "Поліція", "Београд", "Полиция и граница", "Одесса", "Київ"),
    "windows-1252": ("Policía", "Zürich", "Orléans", "Garda Síochána", "Besançon", "Århus", "Österreich", "Málaga 2"),
}


@given(st.sampled_from(sorted(_TEXTS)), st.lists(st.sampled_from(sorted({*sum(_TEXTS.values(), ())})), min_size=1))
def test_a_guessed_encoding_is_right_or_refused(encoding: str, texts: list[str]) -> None:
    """A text in a Windows code page is decoded as it was written, or refused as doubtful; a named one settles it."""
    text = "id;organisation_id\n" + "\n".join(f"{number};{text}" for number, text in enumerate(texts))
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        return
    assert decode(content, encoding).text == text
    try:
        decoded = decode(content)
    except Doubtful:
        return
    assert decoded.text == text


def test_a_guess_is_given_where_letters_leave_no_doubt() -> None:
    """Cyrillic words, and letters that one code page alone has, settle the encoding; č and è do not."""
    assert decode("a;Полиция".encode("windows-1251")).guess == "windows-1251"
    assert decode("a;Żandarmeria łódzka".encode("windows-1250")).guess == "windows-1250"
    assert decode("a;Žilina".encode("utf-16-le")).guess == "utf-16-le"
    assert decode("a;Žilina".encode()).guess is None
    with pytest.raises(Doubtful, match=r"more than one way: “.*” \(windows-125.\) or “"):
        decode("a;Česká policie".encode("windows-1250"))


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)), st.sampled_from(list(Order)))
def test_a_day_is_read_as_it_was_written(day: date, order: Order) -> None:
    """Each way to write a day gives that day; between slashes only where the column settles the order."""
    for text in (str(day), f"{day:%d.%m.%Y}", f"{day.day}. {day.month}. {day.year}", f"{day.day} {day:%B %Y}"):
        assert read_day(text, order) == day
    slashed = f"{day:%d/%m/%Y}"
    if day.day > 12 or day.day == day.month or order is Order.DAY_FIRST:
        assert read_day(slashed, order) == day
    elif order is Order.MONTH_FIRST:
        assert read_day(slashed, order) == date(day.year, day.day, day.month)
    else:
        with pytest.raises(NoDay, match="the other days of the column do not settle it"):
            read_day(slashed, order)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("01/03/2027", "; write 2027-03-01, the only Monday of them"),
        ("02/03/2027", "; write the Monday of the week"),
        ("02/08/2027", "; write 2027-08-02 or 2027-02-08"),
    ],
)
def test_of_two_days_only_a_monday_is_proposed_for_a_week(text: str, remedy: str) -> None:
    """A week that could be named by two days is refused, and what the message proposes is accepted."""
    with pytest.raises(words.Malformed, match=f"do not settle it{remedy}$"):
        words.Day(week=True).read(text, Order.UNSETTLED)
    with pytest.raises(words.Malformed, match=r"; write 2027-03-01 or 2027-01-03$"):
        words.Day().read("01/03/2027", Order.UNSETTLED)


@pytest.mark.parametrize(
    ("text", "mondays"),
    [
        ("2027-W10 to 2027-W12", "2027-03-08; 2027-03-15; 2027-03-22"),
        ("8 March 2027 \u2013 19 March 2027", "2027-03-08; 2027-03-15"),
        ("10.03.2027 - 12.03.2027", "2027-03-08"),
        ("2027-W01..2027-W20", "2027-01-04; 2027-01-11; …; 2027-05-17"),
    ],
)
def test_a_range_of_weeks_is_answered_with_its_mondays(text: str, mondays: str) -> None:
    """The refusal of a range names the Mondays that can be copied into the cell."""
    with pytest.raises(words.Malformed) as refused:
        words.Day(week=True).read(text)
    assert str(refused.value) == f'"{text}" is a range; name each week by its Monday: {mondays}'


def test_a_range_that_ends_before_it_begins_has_no_mondays() -> None:
    """It is refused as any other text that is no week."""
    with pytest.raises(words.Malformed, match="is not a date"):
        words.Day(week=True).read("2027-W12 to 2027-W10")


def test_a_column_settles_the_order_only_where_its_days_agree() -> None:
    """One day that can be read in one way only settles the others; two that disagree settle nothing."""
    assert order_of(["03/04/2027", "15/03/2027"]) is Order.DAY_FIRST
    assert order_of(["03/04/2027; 03/15/2027"]) is Order.MONTH_FIRST
    assert order_of(["15/03/2027", "03/15/2027"]) is Order.UNSETTLED
    assert order_of(["15.03.2027", "03/04/2027"]) is Order.UNSETTLED


@pytest.mark.parametrize("text", ["15/03/27", "31.02.2027", "2027-13-01", "15 Foo 2027", "46461", "1.3", "tomorrow"])
def test_a_text_that_is_no_day_is_refused(text: str) -> None:
    """Two-digit years, days that no calendar has, and a spreadsheet's serial numbers are no days."""
    with pytest.raises(NoDay):
        read_day(text, Order.DAY_FIRST)


def test_each_name_of_a_column_and_of_a_code_means_one() -> None:
    """No form of a heading stands for two columns, and no form of a label for two codes."""
    for kind in FIELDS:
        for form, name in columns_of(kind).items():
            assert form not in FIELDS[kind] or name == form
    single = [shape.word for names in FIELDS.values() for shape in names.values() if isinstance(shape, Single)]
    for choice in [words.LANGUAGE, words.TOPIC_OR_AREA, *(word for word in single if isinstance(word, Choice))]:
        for code, label in choice.labels.items():
            assert choice.read(code) == choice.read(label) == choice.read(f" {label.upper()} ", Order.UNSETTLED) == code
        for form in choice.refused:
            with pytest.raises(words.Malformed):
                choice.read(form)
