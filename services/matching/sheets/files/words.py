"""Read single values as a coordinator writes them: codes and their labels, countries, languages, numbers, days."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from babel import Locale
from babel.core import get_global

from services.matching.engine.problem.problem import SeatKind
from services.matching.engine.problem.weeks import monday
from services.matching.sheets.files.days import NoDay, Order, TwoDays, read_day, read_range, read_week
from shared.contracts.codes import (
    COUNTRIES,
    LANGUAGES,
    PRIORITIES,
    ApplicationKind,
    Code,
    Criterion,
    Expertise,
    LanguageLevel,
    Objective,
    RankGroup,
    ServiceKind,
    TieBreak,
    Wishes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LISTED = 14
"""So many known codes are listed in a message; of longer lists only the nearest is named."""
_ENGLISH = Locale("en")
_LONGEST = 120
_WEEKS_NAMED = 12


_ALIKE = str.maketrans(
    "АВЕКМНОРСТХУІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",  # noqa: RUF001 - the letters that only look Latin
    "ABEKMHOPCTXYIJSaeopcyxijsABEZHIKMNOPTYXo",
)
"""Cyrillic and Greek letters, and the Latin ones that look the same."""


class Malformed(ValueError):
    """A text that is no value of its column; the text says why, with the remedy."""


def plain_form(text: str) -> str:
    """Return a heading without what people vary: case, accents, and all marks."""
    return " ".join(re.sub(r"[\W_]+", " ", _folded(text)).split())


def in_latin(text: str) -> str:
    """Return a text with the Latin letters that those of another alphabet look like."""
    return text.translate(_ALIKE)


def value_form(text: str) -> str:
    """Return a value without case, accents, and marks between words; a mark that may mean something stays (`B1+?`)."""
    between = re.sub(r"(?<=\w)[-/](?=\w)", " ", _folded(text))
    return " ".join(re.sub(r"[\s_.,()'’]+", " ", between).split())  # noqa: RUF001 - an apostrophe as typed


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    return "".join(letter for letter in letters if unicodedata.category(letter) not in {"Mn", "Cf"})


class Word(Protocol):
    """The values of a column: `what` names them in messages."""

    @property
    def what(self) -> str:
        """Return what the values are, with an article and an example."""

    def read(self, text: str, order: Order) -> str | int | bool:
        """Return the value as JSON has it. Raises `Malformed`."""


@dataclass(frozen=True)
class Choice:
    """One of some codes, which may be written by its label or by another name too."""

    what: str
    labels: Mapping[str, str]
    """The codes, each with its label in English."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Further names, each with its code."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Names that could be more than one code, each with the remedy."""

    @cached_property
    def _forms(self) -> dict[str, str]:
        found = {value_form(name): code for name, code in self.others.items()}
        found |= {value_form(label): code for code, label in self.labels.items()}
        return found | {value_form(code): code for code in self.labels}

    def read(self, text: str, order: Order = Order.UNSETTLED) -> str:
        """Return the code. Raises `Malformed` with the nearest known one."""
        del order
        form = value_form(text)
        if text in self.labels:
            return text
        if form in self._forms and form:
            return self._forms[form]
        if form in self.refused:
            raise Malformed(f'"{text}" {self.refused[form]}')
        latin = in_latin(text)
        if value_form(latin) in self._forms:
            raise Malformed(f'"{text}" has letters of another alphabet that only look Latin; write {latin}')
        raise Malformed(f'"{text}" is not known{self._nearest(form)}')

    def _nearest(self, form: str) -> str:
        near = difflib.get_close_matches(form, self._forms, n=1, cutoff=0.75)
        if near:
            code = self._forms[near[0]]
            label = self.labels[code]
            return f"; did you mean {code}{'' if label == code else f' ({label})'}? Write {self.what}"
        if len(self.labels) <= _LISTED:
            return f"; known are {', '.join(self.labels)}"
        return f"; write {self.what}; the sheet Codes of the template lists them all"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number between two bounds; one of `percent` may have the sign."""

    least: int
    most: int
    percent: bool = False

    @property
    def what(self) -> str:
        """Return the bounds in words."""
        return f"a whole number from {self.least} to {self.most}"

    def read(self, text: str, order: Order = Order.UNSETTLED) -> int:
        """Return the number. Raises `Malformed`."""
        del order
        plain = text.removesuffix("%").rstrip() if self.percent else text
        if not re.fullmatch(r"-?[0-9]{1,9}(\.0+)?", plain):
            raise Malformed(f'"{text}" is not a whole number; write {self.what}')
        number = int(plain.partition(".")[0])
        if not self.least <= number <= self.most:
            raise Malformed(f"{number} is not possible here; write {self.what}")
        return number


@dataclass(frozen=True, slots=True)
class Grade:
    """A level from 1 to 3, as a number or in a word."""

    what: str = "1 (basic), 2 (advanced) or 3 (expert)"

    def read(self, text: str, order: Order = Order.UNSETTLED) -> int:
        """Return the level. Raises `Malformed`."""
        named = {"basic": 1, "advanced": 2, "expert": 3}.get(text.casefold())
        if named:
            return named
        try:
            return Number(1, 3).read(text, order)
        except Malformed:
            raise Malformed(f'"{text}" is not a level; write {self.what}') from None


@dataclass(frozen=True, slots=True)
class Switch:
    """Yes or no."""

    what: str = "yes or no"

    def read(self, text: str, order: Order = Order.UNSETTLED) -> bool:
        """Return true for yes. Raises `Malformed`."""
        del order
        form = text.casefold()
        if form in {"yes", "y", "true", "1", "1.0"}:
            return True
        if form in {"no", "n", "false", "0", "0.0"}:
            return False
        raise Malformed(f'"{text}" is not yes or no; write yes or no')


@dataclass(frozen=True, slots=True)
class Text:
    """An id or another text of one's own; its case is kept."""

    what: str = "an id"
    listed: bool = False
    """True if lists may name it, so that it cannot hold what separates their items."""
    with_days: bool = False
    """True if a day of the spreadsheet may stand here, as its text."""

    def read(self, text: str, order: Order = Order.UNSETTLED) -> str:
        """Return the text without letters that cannot be seen. Raises `Malformed`."""
        del order
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()
        if not text:
            raise Malformed("the cell looks empty, but holds letters that cannot be seen; delete them")
        if len(text) > _LONGEST:
            raise Malformed(f"a text of {len(text)} characters is too long; {_LONGEST} is the most")
        if any(unicodedata.category(letter) == "Cc" for letter in text):
            raise Malformed(f"{text!r} has a line break or a control character; write it in one line")
        if self.listed and (marks := set(text) & set(";,")):
            raise Malformed(f'"{text}" holds "{min(marks)}", which separates the items of lists; choose another id')
        if text == "-":
            raise Malformed('"-" is a list with nothing in it, and no id; leave the cell empty')
        return text


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar."""

    what: str = "a day such as 2027-03-15"
    week: bool = False
    """True if the day names a week, and so must be its Monday."""

    def read(self, text: str, order: Order = Order.UNSETTLED) -> str:
        """Return the day as year-month-day. Raises `Malformed`."""
        if self.week and (weeks := read_range(text, order)):
            named = [f"{each}" for each in weeks]
            every = named if len(named) <= _WEEKS_NAMED else [*named[:2], "…", named[-1]]
            raise Malformed(f'"{text}" is a range; name each week by its Monday: {"; ".join(every)}')
        try:
            day = (read_week(text) if self.week else None) or read_day(text, order)
        except TwoDays as wrong:
            mondays = [way for way in wrong.ways if way.weekday() == 0]
            if not self.week or len(mondays) > 1:
                raise Malformed(str(wrong)) from None
            remedy = f"write {mondays[0]}, the only Monday of them" if mondays else "write the Monday of the week"
            raise Malformed(f"{wrong.cause}; {remedy}") from None
        except NoDay as wrong:
            raise Malformed(str(wrong)) from None
        if self.week and day.weekday() != 0:
            nearest = monday(day)
            after = nearest + timedelta(days=7)
            also = f", and the next one {after}" if day.weekday() > 4 else ""
            raise Malformed(
                f'"{text}" is a {day:%A}; a week is named by its Monday: that of this week is {nearest}{also}'
            )
        return day.isoformat()


def of_codes(what: str, codes: Iterable[Code], **others: str) -> Choice:
    """Return the members of a code list with their labels."""
    names = {name.replace("_", " "): code for name, code in others.items()}
    return Choice(what, {code.value: code.label for code in codes}, names)


def _country_names() -> dict[str, str]:
    """Return further names of countries: ISO alpha-3 codes, ISO's own names and customary ones."""
    three = {
        alias: codes[0]
        for alias, codes in get_global("territory_aliases").items()
        if re.fullmatch(r"[A-Z]{3}", alias) and len(codes) == 1 and codes[0] in COUNTRIES
    }
    return three | {
        **{_ENGLISH.territories[code]: code for code in COUNTRIES},
        "Republic of Moldova": "MD",
        "Moldova (the Republic of)": "MD",
        "Moldova, Republic of": "MD",
        "Czech Republic": "CZ",
        "The Netherlands": "NL",
        "Netherlands (the)": "NL",
        "Netherlands, Kingdom of the": "NL",
        "Slovak Republic": "SK",
        "EL": "GR",
        "EU agency": "EU",
        "The European Union": "EU",
    }


COUNTRY = Choice(
    "a country of the programme by its ISO code or English name, such as AM or Armenia (EU for an EU agency)",
    COUNTRIES,
    _country_names(),
    {
        "uk": "can be Ukraine (UA) or the United Kingdom, which takes no part; write UA or Ukraine",
        **{
            value_form(name): f"takes no part in the programme; the countries are {', '.join(COUNTRIES)}"
            for code, territory in _ENGLISH.territories.items()
            if re.fullmatch(r"[A-Z]{2}", code) and code not in COUNTRIES
            for name in ((code, territory) if code != "UK" else (territory,))
        },
    },
)
LANGUAGE = Choice(
    "a language by its ISO 639-1 code or English name, such as en or English",
    LANGUAGES,
    {_ENGLISH.languages[code]: code for code in LANGUAGES},
    {
        value_form(name): "is no language of the programme's countries; "
        f"the languages are {', '.join(f'{code} {label}' for code, label in LANGUAGES.items())}"
        for code, name in _ENGLISH.languages.items()
        if len(code) == 2 and code not in LANGUAGES
    },
)
LEVEL = of_codes(
    "a level of the CEFR, A1 to C2, or NS (native)",
    LanguageLevel,
    native_speaker="NS",
    mother_tongue="NS",
    native_language="NS",
)
RANK = of_codes("a rank group such as operational or Middle management", RankGroup)
SERVICE = of_codes("a service such as police or Border guard", ServiceKind)
AREA = of_codes("an area of expertise such as analysis or Asset recovery", Expertise)
TOPIC = Choice(
    "a priority topic by its code or label, such as online_crime or Online crime",
    {code: topic.label for topics in PRIORITIES.values() for code, topic in topics.items()},
)
TOPIC_OR_AREA = Choice(
    "a priority topic or an area of expertise, such as online_crime or Analysis", {**TOPIC.labels, **AREA.labels}
)
APPLICATION_KIND = of_codes("study_visit or mentee", ApplicationKind, mentorship="mentee", mentoring="mentee")
SEAT_KIND = Choice(
    "placement or mentor",
    {kind.value: kind.value.capitalize() for kind in SeatKind},
    {"study visit": "placement", "mentoring": "mentor"},
)
CRITERION = of_codes("a criterion such as topic or language", Criterion)
WISHES = Choice(
    "scores, wishes_first or wishes_among_equals",
    {code.value: code.value for code in Wishes},
    {"points only": "scores", "wishes first": "wishes_first", "wishes among equals": "wishes_among_equals"},
)
TIES = Choice(
    "lots or exchanges",
    {code.value: code.value for code in TieBreak},
    {"by lot": "lots", "lot": "lots"},
)
OBJECTIVE = Choice("stable or most_good", {code.value: code.value for code in Objective}, {"highest sum": "most_good"})


def is_day(value: object) -> bool:
    """Return whether a JSON value is a day as this program writes it."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
