"""Read days as people write them; a text that could be two days is one only where its column settles the order."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from babel import Locale

from shared.contracts.base import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_DOTS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\.?")
_EITHER = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})")
_IN_TEXT = re.compile(r"(?<!\d)(\d{1,2})([-/])(\d{1,2})\2(\d{4})(?!\d)")
_IN_WORDS = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})")
_WORDS_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ]\s?(?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\s?\d{2}")
_SERIAL = re.compile(r"[1-9]\d{4}")
_FIRST_OF_SERIALS = date(1899, 12, 30)
_WEEK = re.compile(r"(\d{4})[- ]?W(\d{1,2})|(?:W|CW|KW|week) ?(\d{1,2})[-/ ,]{1,2}(\d{4})", re.IGNORECASE)
_RANGE = re.compile(r"(.+?)(?: to | until | ?[\u2013\u2014] ?| - |\.\.\.?)(.+)", re.IGNORECASE)
_MONTHS = [name.lower() for name in Locale("en").months["format"]["wide"].values()]
REMEDY = "write it as 2027-03-15"


class Order(StrEnum):
    """The order of day and month in a column, as those of its texts that can be read in one way only show it."""

    UNSETTLED = "unsettled"
    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


class NoDay(ValueError):
    """A text that is not a date; the text says so, with the remedy."""


class TwoDays(NoDay):
    """A text that can be two days (`ways`), which nothing settles; `cause` says so without the remedy."""

    def __init__(self, cause: str, ways: tuple[date, date]) -> None:
        super().__init__(f"{cause}; write {ways[0]} or {ways[1]}")
        self.cause, self.ways = cause, ways


def order_of(texts: Iterable[str]) -> Order:
    """Return the order that a column's texts settle: unsettled too where some say one and some the other."""
    first, second = set[Order](), Order.UNSETTLED
    for text in texts:
        for found in _IN_TEXT.finditer(text):
            left, right = int(found[1]), int(found[3])
            if left > 12 >= right:
                first.add(Order.DAY_FIRST)
            elif right > 12 >= left:
                first.add(Order.MONTH_FIRST)
    if len(first) == 1:
        (second,) = first
    return second


def read_day(text: str, order: Order = Order.UNSETTLED) -> date:
    """Return the day of a text: 2027-03-15, 15.03.2027, 15/03/2027, 15 March 2027. Raises `NoDay`."""
    day = _read(text, order)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise NoDay(f"{day} lies outside of the programme's years ({FIRST_DAY.year} to {LAST_DAY.year})")
    return day


def read_week(text: str) -> date | None:
    """Return the Monday of a week written by its number, as 2027-W11 or week 11/2027; None for another text.

    Raises `NoDay` for a week that the year does not have.
    """
    found = _WEEK.fullmatch(text)
    if found is None:
        return None
    year, week = int(found[1] or found[4]), int(found[2] or found[3])
    try:
        return date.fromisocalendar(year, week, 1)
    except ValueError:
        raise NoDay(f'"{text}" is no week of that year; write its Monday as 2027-03-15') from None


def read_range(text: str, order: Order = Order.UNSETTLED) -> list[date]:
    """Return the Mondays of a range of weeks, as 2027-W11 to 2027-W14; empty for another text."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return []
    try:
        first, last = (read_week(end.strip()) or read_day(end.strip(), order) for end in found.groups())
    except NoDay:
        return []
    start = first - timedelta(days=first.weekday())
    return [start + timedelta(days=days) for days in range(0, (last - start).days + 1, 7)]


def _read(text: str, order: Order) -> date:
    if found := _YEAR_FIRST.fullmatch(text):
        return _date(text, int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTS.fullmatch(text):
        return _date(text, int(found[3]), int(found[2]), int(found[1]))
    if found := _EITHER.fullmatch(text):
        return _either(text, int(found[1]), int(found[3]), int(found[4]), order)
    if found := _IN_WORDS.fullmatch(text):
        return _date(text, int(found[3]), _month(text, found[2]), int(found[1]))
    if found := _WORDS_FIRST.fullmatch(text):
        return _date(text, int(found[3]), _month(text, found[1]), int(found[2]))
    if _SERIAL.fullmatch(text) and FIRST_DAY <= (day := _FIRST_OF_SERIALS + timedelta(days=int(text))) <= LAST_DAY:
        raise NoDay(f'"{text}" is how a spreadsheet counts {day}; format the cell as a date, or write {day}')
    if _SHORT_YEAR.fullmatch(text):
        raise NoDay(f'"{text}" has a year of two digits; {REMEDY}')
    raise NoDay(f'"{text}" is not a date; {REMEDY}')


def _either(text: str, first: int, second: int, year: int, order: Order) -> date:
    """Read a day between slashes or hyphens, which some write day first and some month first."""
    if first > 12 or first == second or (second <= 12 and order is Order.DAY_FIRST):
        return _date(text, year, second, first)
    if second > 12 or order is Order.MONTH_FIRST:
        return _date(text, year, first, second)
    ways = _date(text, year, second, first), _date(text, year, first, second)
    raise TwoDays(
        f'"{text}" can be {ways[0]:%-d %B} or {ways[1]:%-d %B}, and the other days of the column do not settle it', ways
    )


def _month(text: str, word: str) -> int:
    found = [number for number, name in enumerate(_MONTHS, 1) if name.startswith(word.lower()) and len(word) >= 3]
    if word.lower() == "sept":
        found = [9]
    if len(found) != 1:
        raise NoDay(f'"{text}" has no month; {REMEDY}')
    return found[0]


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NoDay(f'"{text}" is not in the calendar; {REMEDY}') from None
