"""Define the columns of each table and the names of the rules: what their values are, and how people call them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from services.matching.engine.problem.problem import (
    Candidate,
    Exclusion,
    Fixed,
    Problem,
    Rules,
    Seat,
    Skill,
    Weight,
)
from services.matching.engine.problem.weeks import Period
from services.matching.engine.schedule import SchedulePolicy, VisitRequest
from services.matching.sheets.files import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.matching.sheets.files.words import Word

MOST_PLACES = 500
"""The most places of an offer (`shared/contracts/offers.py`)."""
LARGEST_GROUP = 5
MOST_POINTS = 100
_MANY = 100_000
_GRADE = words.Grade()
_YEARS = words.Number(0, 60)
_DAY = words.Day()


@dataclass(frozen=True, slots=True)
class Single:
    """A single value."""

    word: Word


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of values."""

    word: Word


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a name and a value."""

    key: Word
    item: Word


@dataclass(frozen=True, slots=True)
class Skills:
    """Areas of expertise, each with its level and years."""

    area: Word = words.AREA
    level: Word = _GRADE
    years: Word = _YEARS


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods from a first to a last day."""

    day: Word = _DAY


@dataclass(frozen=True, slots=True)
class Rows:
    """Lists of several values each; only in JSON."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects with names of their own, in a list or by a name; only in JSON."""

    kind: type
    by: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of a sheet of rules, as it is written: what its value must be is for the setting to say."""

    setting: str
    name: str | None = None
    second_name: str | None = None
    value: str | None = None
    since: str | None = None
    until: str | None = None
    confidential: bool = False


Shape = Single | Listed | Pairs | Skills | Periods | Rows | Objects

_ID = words.Text("an id", listed=True)
_ANY = words.Text("a text")
_WEEK = words.Day(what="the Monday of a week, such as 2027-03-15", week=True)
_COUNTRY = words.COUNTRY
_PLACES = words.Number(0, MOST_PLACES)
_COUNT = words.Number(0, _MANY)
_POINTS = words.Number(0, MOST_POINTS)

FIELDS: Mapping[type, Mapping[str, Shape]] = {
    Candidate: {
        "id": Single(_ID),
        "kind": Single(words.APPLICATION_KIND),
        "country": Single(_COUNTRY),
        "organisation_id": Single(_ID),
        "rank_group": Single(words.RANK),
        "service": Single(words.SERVICE),
        "expertise": Skills(),
        "languages": Pairs(words.LANGUAGE, words.LEVEL),
        "language_minimum": Single(words.LEVEL),
        "topics": Listed(words.TOPIC),
        "preferred_countries": Listed(_COUNTRY),
        "weeks": Listed(_WEEK),
        "conflicts": Listed(_ANY),
        "barred": Listed(_ANY),
        "first_time": Single(words.Switch()),
        "pre_matched": Single(_ANY),
        "group_id": Single(_ID),
        "group_size": Single(words.Number(1, LARGEST_GROUP)),
        "wishes": Listed(_ANY),
    },
    Seat: {
        "id": Single(_ID),
        "kind": Single(words.SEAT_KIND),
        "country": Single(_COUNTRY),
        "organisation_id": Single(_ID),
        "capacity": Single(_PLACES),
        "rank_group": Single(words.RANK),
        "service": Single(words.SERVICE),
        "expertise": Skills(),
        "languages": Pairs(words.LANGUAGE, words.LEVEL),
        "speaks": Pairs(words.LANGUAGE, words.LEVEL),
        "topics": Listed(words.TOPIC),
        "weeks": Pairs(_WEEK, _PLACES),
        "excluded_ranks": Listed(words.RANK),
        "minimum_level": Single(_GRADE),
        "group_size": Single(words.Number(1, LARGEST_GROUP)),
        "conflicts": Listed(_ANY),
        "pre_matched": Single(_ANY),
        "available": Single(words.Switch()),
        "share_exempt": Single(words.Switch()),
        "wishes": Listed(_ANY),
        "unsuitable": Listed(_ANY),
    },
    Fixed: {
        "candidate_id": Single(_ID),
        "seat_id": Single(_ANY),
        "country": Single(_COUNTRY),
        "group_id": Single(_ID),
    },
    VisitRequest: {
        "candidate_id": Single(_ID),
        "seat_id": Single(_ID),
        "home_country": Single(_COUNTRY),
        "host_country": Single(_COUNTRY),
        "confirmed_on": Single(_DAY),
        "days": Single(words.Number(1, 5)),
        "host_periods": Periods(),
        "candidate_periods": Periods(),
        "blackouts": Periods(),
        "places": Pairs(_WEEK, _PLACES),
        "taken": Pairs(_WEEK, _PLACES),
        "busy": Periods(),
        "party": Single(words.Number(1, LARGEST_GROUP)),
        "together": Single(_DAY),
        "group_id": Single(_ID),
        "announced": Listed(_DAY),
    },
    Problem: {
        "call_id": Single(_ANY),
        "day": Single(_DAY),
        "seed": Single(_ANY),
        "rules": Objects(Rules),
    },
    Rules: {
        "weights": Objects(Weight, words.CRITERION),
        "objective": Single(words.OBJECTIVE),
        "wishes": Single(words.WISHES),
        "ties": Single(words.TIES),
        "language_minimum": Single(words.LEVEL),
        "common_weeks": Single(words.Number(0, 52)),
        "share": Single(words.Number(0, 100, percent=True)),
        "ceilings": Pairs(_COUNTRY, _COUNT),
        "floors": Pairs(_COUNTRY, _COUNT),
        "exclusions": Objects(Exclusion),
        "suspended": Pairs(_COUNTRY, _DAY),
        "needs": Rows((_COUNTRY, words.TOPIC_OR_AREA, _POINTS)),
        "reciprocity": Rows((_COUNTRY, _COUNTRY, _POINTS)),
    },
    Exclusion: {
        "first": Single(_ANY),
        "second": Single(_ANY),
        "since": Single(_DAY),
        "until": Single(_DAY),
        "confidential": Single(words.Switch()),
    },
    Weight: {"applicant": Single(_COUNT), "host": Single(_COUNT)},
    Skill: {"level": Single(_GRADE), "years": Single(_YEARS)},
    Period: {"first": Single(_DAY), "last": Single(_DAY)},
    SchedulePolicy: {
        "notice_weeks": Single(words.Number(0, 52)),
        "minimum_days": Single(words.Number(1, 5)),
        "extra_holidays": Pairs(_COUNTRY, _DAY),
    },
    Setting: {
        "setting": Single(words.Text("a setting")),
        "name": Single(words.Text("what the setting is about, such as a country or a criterion")),
        "second_name": Single(words.Text("the second of a pair, such as the other country of an exclusion")),
        "value": Single(words.Text("the value", with_days=True)),
        "since": Single(_DAY),
        "until": Single(_DAY),
        "confidential": Single(words.Switch()),
    },
}
"""The shape of each column and name. An id that points at something is checked once all files are read."""

TABLES: Mapping[type, str] = {
    Candidate: "candidates",
    Seat: "seats",
    Fixed: "fixed pairs",
    VisitRequest: "visits",
    Setting: "rules",
}
"""The name of the rows of each kind of table."""

PARTS: Mapping[str, type] = {"candidates": Candidate, "seats": Seat, "fixed": Fixed}

_AGENCY = ("organisation", "organization", "organization id", "agency", "agency id")
_SHARED = {
    "organisation_id": _AGENCY,
    "rank_group": ("rank", "rank groups"),
    "languages": ("language", "language levels", "working languages"),
    "expertise": ("area of expertise", "areas of expertise", "skills", "areas"),
    "topics": ("topic", "priority topics", "wanted topics"),
    "weeks": ("week", "possible weeks", "available weeks"),
    "conflicts": ("conflict", "conflicts of interest", "conflict of interest"),
    "pre_matched": ("prematched", "pre matched with", "counterpart"),
    "service": ("services", "service kind"),
    "kind": ("type",),
}
OTHER_NAMES: Mapping[type, Mapping[str, tuple[str, ...]]] = {
    Candidate: {
        **_SHARED,
        "id": ("candidate id", "candidate", "application id", "application", "applicant id", "applicant", "reference"),
        "country": ("home country", "country of origin"),
        "language_minimum": ("minimum language level", "language minimum level"),
        "preferred_countries": ("preferred country", "wanted countries", "countries preferred"),
        "barred": ("declined before", "declined", "declined seats"),
        "first_time": ("first participation", "first time participant"),
        "group_size": ("size of group", "size of the group"),
        "wishes": ("wish", "wanted seats", "wanted placements", "wanted mentors"),
    },
    Seat: {
        **_SHARED,
        "id": ("seat id", "seat", "placement id", "placement", "offer id", "offer", "mentor id", "reference"),
        "country": ("host country",),
        "organisation_id": (*_AGENCY, "host", "host agency", "host organisation"),
        "capacity": ("places", "number of places", "seats", "mentees"),
        "speaks": ("own languages", "own language levels"),
        "excluded_ranks": ("excluded rank groups", "ranks not taken", "rank groups not taken"),
        "minimum_level": ("least level", "minimum level of expertise"),
        "group_size": ("largest group", "largest group size"),
        "available": ("is available",),
        "share_exempt": ("group offer", "exempt from share"),
        "wishes": ("wish", "wanted candidates", "wanted applications", "wanted applicants"),
        "unsuitable": ("not suitable", "not suitable candidates", "not suitable applicants"),
    },
    Fixed: {
        "candidate_id": ("candidate", "application id", "application", "applicant", "applicant id"),
        "seat_id": ("seat", "placement id", "placement", "offer id", "offer", "mentor id"),
        "country": ("home country", "country of origin"),
    },
    VisitRequest: {
        "candidate_id": (
            "candidate",
            "application id",
            "application",
            "applicant",
            "applicant id",
            "guest",
            "guest id",
        ),
        "seat_id": ("seat", "placement id", "placement", "offer id", "offer"),
        "home_country": ("country of origin",),
        "confirmed_on": ("confirmed", "confirmation day", "date of confirmation"),
        "days": ("working days", "length"),
        "host_periods": ("periods of the host", "host period"),
        "candidate_periods": ("guest periods", "periods of the guest", "candidate period"),
        "blackouts": ("blackout",),
    },
    Setting: {
        "setting": ("rule", "settings", "rules"),
        "name": ("for", "of", "country", "criterion", "first"),
        "second_name": ("second", "and", "other", "topic"),
        "value": ("values", "points", "number"),
        "since": ("from",),
        "until": ("to",),
    },
}
"""Other names of columns, as people write them; blanks, case and marks between words never matter."""

FAULTS = "Faults"
"""The heading of the column that an annotated copy adds; it is passed over, so that the corrected copy can be read."""


@cache
def columns_of(kind: type) -> Mapping[str, str]:
    """Return every form of a column's name, and the name."""
    others = OTHER_NAMES.get(kind, {})
    found = {words.plain_form(other): name for name in others for other in others[name]}
    return found | {words.plain_form(name): name for name in FIELDS[kind]}
