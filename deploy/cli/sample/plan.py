"""Define the plan of a sample programme: people, calls, applications, placements, mentors, by day.

Days are counted from the day on which the loading ends; `Days` places them in the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from deploy.cli.sample import days as calendar
from shared.contracts.codes import RankGroup, Role, Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from deploy.cli.sample.days import Days
    from deploy.cli.sample.organisations import Organisation

NATIVE = {
    "AM": "hy",
    "AZ": "az",
    "BY": "be",
    "GE": "ka",
    "MD": "ro",
    "UA": "uk",
    "FR": "fr",
    "LT": "lt",
    "DE": "de",
    "ES": "es",
    "IT": "it",
    "NL": "nl",
    "PL": "pl",
    "RO": "ro",
    "EE": "et",
    "SE": "sv",
    "PT": "pt",
    "CZ": "cs",
    "GR": "el",
    "FI": "fi",
    "EU": "fr",
}  # fmt: skip - one line


class Progress(StrEnum):
    """The state of an open call's application on the last day; those of the finished call went all the way."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    NOT_ENDORSED = "not_endorsed"
    ENDORSED = "endorsed"
    JUDGED = "judged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; `organisation` is a key of the sample."""

    subject: str
    name: str
    own_name: str
    email: str
    language: str
    role: Role
    country: str | None
    organisation: str | None = None
    unit: str = ""
    rank_group: RankGroup | None = None
    national_rank: str = ""
    years: int | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its days, counted from the last day of the loading; `ceilings` are the most of some countries."""

    key: str
    title: str
    summary: str
    published: int
    deadline: int
    closes: int
    visits: tuple[int, int]
    countries: tuple[str, ...]
    opens: int | None = None
    ceilings: tuple[tuple[str, int], ...] = ()
    wishes: Wishes = Wishes.SCORES


@dataclass(frozen=True, slots=True)
class Application:
    """An officer's application to a call, with its day, and the state it is to reach."""

    call: str
    officer: str
    kind: str
    day: int
    fate: Progress
    answers: Mapping[str, object]
    """As the officer sends them: the portal says what they may be."""
    companion: tuple[str, str] | None = None
    """The companion whom the officer names: the mode, and the person's sign-in subject."""
    wishes: int = 0
    """The number of suitable places that the officer puts in order, where the call counts an order."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A placement of a host, sent in on a day; `state` is how far it comes."""

    call: str
    host: str
    day: int
    state: str
    entry: Mapping[str, object]
    """As it is sent: the portal says what it may be."""


@dataclass(frozen=True, slots=True)
class Mentor:
    """A mentor's profile for a call."""

    call: str
    mentor: str
    day: int
    entry: Mapping[str, object]
    """As it is sent: the portal says what it may be."""


@dataclass(frozen=True, slots=True)
class Programme:
    """All of it."""

    days: Days
    organisations: tuple[Organisation, ...]
    people: tuple[Person, ...]
    calls: tuple[Call, ...]
    applications: tuple[Application, ...]
    offers: tuple[Offer, ...]
    mentors: tuple[Mentor, ...]

    def day(self, call: str, count: int) -> date:
        """Return a day of a call."""
        return day_of(self.days, call, count)

    def contact(self, organisation: str) -> str:
        """Return the subject of the contact person of a host organisation."""
        return next(
            person.subject
            for person in self.people
            if person.role is Role.HOST_CONTACT and person.organisation == organisation
        )

    def coordinator(self, country: str) -> str:
        """Return who decides for a country: its coordinator; for the Union the agency's clearance officer."""
        role = Role.CLEARANCE_OFFICER if country == "EU" else Role.NATIONAL_COORDINATOR
        return next(person.subject for person in self.people if person.role is role and person.country == country)


FINISHED, OPEN, UPCOMING = "finished", "open", "upcoming"
CALLS = (
    Call(
        FINISHED,
        "Exchange and mentoring, first call",
        "Study visits of up to five days to agencies of Member States, and mentoring, for officers of all partners.",
        published=-360,
        deadline=-325,
        closes=-170,
        visits=calendar.VISITS,
        countries=("AM", "AZ", "BY", "GE", "MD", "UA"),
    ),
    Call(
        OPEN,
        "Exchange and mentoring, second call",
        "Study visits of up to five days to agencies of Member States and of partners, and mentoring. First-time "
        "applicants first.",
        published=-66,
        deadline=12,
        closes=200,
        visits=(17, 150),
        countries=("AM", "AZ", "GE", "MD", "UA"),
        ceilings=(("AZ", 4),),
        wishes=Wishes.WISHES_AMONG_EQUALS,
    ),
    Call(
        UPCOMING,
        "Exchange and mentoring, third call",
        "Study visits and mentoring for officers of all partners, Belarus included again.",
        published=-3,
        opens=10,
        deadline=52,
        closes=260,
        visits=(120, 240),
        countries=("AM", "AZ", "BY", "GE", "MD", "UA"),
    ),
)
BELARUS_SUSPENDED = -150
PARTNER_COUNTRIES = ("AM", "AZ", "BY", "GE", "MD", "UA")


def day_of(days: Days, call: str, count: int) -> date:
    """Return a day of a call: those of the finished one lie in whole weeks, those of others in working days."""
    return days.past(count) if call == FINISHED else days.recent(count)


def period(days: Days, call: str, first: int, last: int) -> dict[str, str]:
    """Return a period from one day of a call to another, as the API takes it."""
    return {"start": day_of(days, call, first).isoformat(), "end": day_of(days, call, last).isoformat()}
