"""What must be there before travel, who owns it, and is it there? Pure.

Each thing is a sheet of its own, filled in by its owner: guest, sender (the home coordinator) or host. What is asked is
the programme's configuration (`asked`); whether a sheet is enough depends on the dates of the visit, so that what was
ready may be missing again once a visit moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from services.applications.model.answers import Text
from services.applications.model.register import Line
from services.applications.model.steps import NotNow, refuse
from shared.contracts.codes import Code, Party, VisitState
from shared.contracts.codes import PreparationItem as Item
from shared.web import dates
from shared.web.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from uuid import UUID

SENDER = Party.HOME_COORDINATOR
OWNERS: dict[Item, Party] = {
    Item.AUTHORISATION: SENDER,
    Item.COSTS: SENDER,
    Item.INVITATION: Party.HOST,
    Item.ARRIVAL: Party.HOST,
    Item.VISA: Party.GUEST,
    Item.INSURANCE: Party.GUEST,
    Item.EMERGENCY_CONTACT: Party.GUEST,
    Item.ACCESS_NEEDS: Party.GUEST,
}
"""Who brings each thing: the sender owns planned facts, the host what it receives the guest with (EWP)."""
ASKED = tuple(one for one in Item if one is not Item.ACCESS_NEEDS)
"""What is asked where the programme says nothing else; access needs are offered, never asked."""

SEEN_BY: dict[Item, frozenset[Party]] = {
    Item.AUTHORISATION: frozenset({Party.GUEST, SENDER, Party.HOST, Party.HOST_COORDINATOR, Party.PROGRAMME}),
    Item.COSTS: frozenset({Party.GUEST, SENDER, Party.HOST, Party.HOST_COORDINATOR, Party.PROGRAMME}),
    Item.INVITATION: frozenset({Party.GUEST, SENDER, Party.HOST, Party.HOST_COORDINATOR}),
    Item.ARRIVAL: frozenset({Party.GUEST, SENDER, Party.HOST}),
    Item.VISA: frozenset({Party.GUEST, SENDER}),
    Item.INSURANCE: frozenset({Party.GUEST, SENDER}),
    Item.EMERGENCY_CONTACT: frozenset({Party.GUEST}),
    Item.ACCESS_NEEDS: frozenset({Party.GUEST, Party.HOST}),
}
"""Who reads what a sheet says; everybody else of the visit sees only whether it is there (`domain.md`).

The host sees the emergency contact by another way, on the days of the visit only.
"""


class VisaResult(Code):
    """Where it stands with the visa."""

    NOT_NEEDED = "not_needed", N_("No visa is needed")
    NEEDED = "needed", N_("A visa is needed, not applied for yet")
    APPLIED = "applied", N_("Applied for")
    GRANTED = "granted", N_("Granted")
    REFUSED = "refused", N_("Refused")


class Ready(Code):
    """Whether a thing is there; a state of the kind `preparation` in `shared/web/states.py`."""

    MISSING = "missing", N_("Missing")
    UNDER_WAY = "under_way", N_("Under way")
    PROBLEM = "problem", N_("Needs attention")
    THERE = "there", N_("There")
    NOT_ASKED = "not_asked", N_("Not asked for")


class Sheet(BaseModel):
    """What somebody wrote about one thing; `wrong` names the fields that cannot be, with a sentence each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def wrong(self, today: date) -> dict[str, str]:  # noqa: ARG002 - what most sheets need not know
        """What cannot be, by field."""
        return {}


Short = Annotated[Line, StringConstraints(max_length=100)]
Told = Annotated[Line, StringConstraints(min_length=1, max_length=100)]


class Authorisation(Sheet):
    """The sending agency's order or letter: under which reference, of which day."""

    reference: Told
    given_on: date

    def wrong(self, today: date) -> dict[str, str]:
        """An authorisation of a day to come was not given."""
        return _not_after(today, given_on=self.given_on)


class Visa(Sheet):
    """Needed or not, applied for, granted or refused, each with its day."""

    result: VisaResult
    applied_on: date | None = None
    decided_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def wrong(self, today: date) -> dict[str, str]:
        """What is decided has a day; what is granted is valid for a time."""
        found = _not_after(today, applied_on=self.applied_on, decided_on=self.decided_on)
        needed: dict[VisaResult, tuple[str, ...]] = {
            VisaResult.APPLIED: ("applied_on",),
            VisaResult.GRANTED: ("decided_on", "valid_from", "valid_until"),
            VisaResult.REFUSED: ("decided_on",),
        }
        for name in needed.get(self.result, ()):
            if getattr(self, name) is None:
                found.setdefault(name, gettext("Enter this day"))
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            found["valid_until"] = gettext("The last day must not be before the first.")
        return found


class Insurance(Sheet):
    """Who insures the guest, under which number, from when until when."""

    insurer: Told
    policy_number: Told
    valid_from: date
    valid_until: date

    def wrong(self, today: date) -> dict[str, str]:  # noqa: ARG002 - an insurance may begin on any day
        """A time that ends after it begins."""
        if self.valid_until < self.valid_from:
            return {"valid_until": gettext("The last day must not be before the first.")}
        return {}


class Settled(Sheet):
    """The sender says that the list of costs is complete; `lines` is the mark of the list that was read."""

    lines: Told


class EmergencyContact(Sheet):
    """Whom the host calls if something happens to the guest."""

    name: Told
    relation: Short = ""
    phone: Annotated[Line, StringConstraints(min_length=5, max_length=40, pattern=r"^\+?[0-9 ()/.-]+$")]
    languages: Short = ""


class AccessNeeds(Sheet):
    """What the guest needs to take part, in the guest's own words."""

    text: Annotated[Text, StringConstraints(min_length=1, max_length=1000)]


class Arrival(Sheet):
    """Whom the guest asks for, where and when, and what to bring."""

    contact_name: Told
    contact_email: Annotated[Line, StringConstraints(max_length=200, pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$")] = ""
    contact_phone: Annotated[Line, StringConstraints(max_length=40, pattern=r"^$|^\+?[0-9 ()/.-]{5,}$")] = ""
    place: Annotated[Text, StringConstraints(min_length=1, max_length=500)]
    at: time
    bring: Annotated[Text, StringConstraints(max_length=1000)] = ""


SHEETS: dict[Item, type[Sheet]] = {
    Item.AUTHORISATION: Authorisation,
    Item.VISA: Visa,
    Item.INSURANCE: Insurance,
    Item.COSTS: Settled,
    Item.EMERGENCY_CONTACT: EmergencyContact,
    Item.ARRIVAL: Arrival,
    Item.ACCESS_NEEDS: AccessNeeds,
}
"""What is written about each thing; the invitation is a letter (`model/letter.py`)."""


def _not_after(today: date, **days: date | None) -> dict[str, str]:
    sentence = gettext("Enter a day up to today, %(day)s.") % {"day": dates.day(today)}
    return {name: sentence for name, day in days.items() if day is not None and day > today}


class Wrong(ValueError):
    """What was written cannot be; `fields` names each with a sentence."""

    def __init__(self, fields: dict[str, str]) -> None:
        """Take the fields."""
        super().__init__(next(iter(fields.values())))
        self.fields = fields


def read(item: Item, details: Mapping[str, Any], today: date) -> Sheet:
    """What somebody wrote, as a sheet. Raises `Wrong`, and KeyError for a thing that has no sheet."""
    given = {name: value for name, value in details.items() if value not in (None, "")}
    try:
        sheet = SHEETS[item].model_validate(given)
    except ValidationError as error:
        raise Wrong(
            {str(one["loc"][0]): _sentence(str(one["loc"][0]), one["type"]) for one in error.errors()}
        ) from error
    wrong = sheet.wrong(today)
    if wrong:
        raise Wrong(wrong)
    return sheet


_WRITTEN_LIKE: dict[str, str] = {
    "phone": N_("Write a telephone number like +374 10 123456"),
    "contact_phone": N_("Write a telephone number like +374 10 123456"),
    "contact_email": N_("Write an e-mail address like name@police.example"),
    "at": N_("Write a time like 09:30"),
}
_REMEDIES: dict[str, str] = {
    "extra_forbidden": N_("This is not asked for here."),
    "missing": N_("Answer this"),
    "string_too_long": N_("Write less here."),
}


def _sentence(name: str, kind: str) -> str:
    """What to do about a field that pydantic does not take."""
    return gettext(_REMEDIES.get(kind) or _WRITTEN_LIKE.get(name) or N_("Check what you wrote here"))


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether a thing is asked in a call, or between two countries; None stands for any."""

    item: Item
    asked: bool
    call_id: UUID | None = None
    country: str | None = None
    host_country: str | None = None

    def holds(self, call_id: UUID, country: str, host_country: str) -> bool:
        """Whether it is about such a visit."""
        return (
            self.call_id in (None, call_id)
            and self.country in (None, country)
            and self.host_country in (None, host_country)
        )

    @property
    def exactness(self) -> tuple[int, bool]:
        """How much it says: a pair of countries goes before one country, that before a call."""
        return (self.country is not None) + (self.host_country is not None), self.call_id is not None


def asked(rules: Iterable[Rule], call_id: UUID, country: str, host_country: str) -> tuple[Item, ...]:
    """What is asked for a visit: the most exact rule about each thing decides, else the default."""
    found: dict[Item, Rule] = {}
    for rule in rules:
        if rule.holds(call_id, country, host_country):
            before = found.get(rule.item)
            if before is None or rule.exactness > before.exactness:
                found[rule.item] = rule
    return tuple(one for one in Item if (found[one].asked if one in found else one in ASKED))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one thing stands: `remark` says in a sentence what is not right about it, or left to do."""

    item: Item
    ready: Ready
    remark: str = ""

    @property
    def owner(self) -> Party:
        """Who brings it."""
        return OWNERS[self.item]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that readiness depends on: the visit's days, the sheets, the mark of the list of costs, letters by kind.

    `letters` holds the days for which the newest letter of each kind was made.
    """

    start: date
    end: date
    sheets: Mapping[Item, Sheet]
    lines: str | None = None
    letters: Mapping[str, tuple[date, date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checklist:
    """All things of a visit, those that are asked first in the order of the code list."""

    standings: tuple[Standing, ...]

    @property
    def asked(self) -> tuple[Item, ...]:
        """What is asked for."""
        return tuple(one.item for one in self.standings if one.ready is not Ready.NOT_ASKED)

    @property
    def complete(self) -> bool:
        """Whether all that is asked is there."""
        return not self.open_()

    def open_(self, party: Party | None = None) -> list[Standing]:
        """What is asked and not there, of one owner or of all."""
        done = {Ready.THERE, Ready.NOT_ASKED}
        return [one for one in self.standings if one.ready not in done and party in (None, one.owner)]

    @property
    def ready(self) -> tuple[Party, ...]:
        """The sides whose part is there; one of which nothing is asked has nothing left to bring."""
        return tuple(party for party in (Party.GUEST, SENDER, Party.HOST) if not self.open_(party))


def checklist(wanted: Collection[Item], facts: Facts) -> Checklist:
    """Where each thing stands."""
    found = []
    for item in Item:
        if item in wanted:
            found.append(_standing(item, facts))
        elif item is Item.ACCESS_NEEDS and item in facts.sheets:
            found.append(Standing(item, Ready.THERE))
        else:
            found.append(Standing(item, Ready.NOT_ASKED))
    return Checklist(tuple(found))


def _standing(item: Item, facts: Facts) -> Standing:
    if item is Item.INVITATION:
        return _letters(facts)
    sheet = facts.sheets.get(item)
    match sheet:
        case None:
            return Standing(item, Ready.MISSING)
        case Visa():
            return _visa(sheet, facts)
        case Insurance() if not _covers(sheet.valid_from, sheet.valid_until, facts):
            return Standing(item, Ready.PROBLEM, gettext("The insurance does not cover all days of the visit."))
        case Settled() if sheet.lines != facts.lines:
            return Standing(item, Ready.PROBLEM, gettext("The list was changed since it was confirmed."))
    return Standing(item, Ready.THERE)


def _visa(visa: Visa, facts: Facts) -> Standing:
    match visa.result:
        case VisaResult.NOT_NEEDED:
            return Standing(Item.VISA, Ready.THERE, gettext("No visa is needed."))
        case VisaResult.GRANTED if visa.valid_from and visa.valid_until:
            if _covers(visa.valid_from, visa.valid_until, facts):
                return Standing(Item.VISA, Ready.THERE)
            return Standing(Item.VISA, Ready.PROBLEM, gettext("The visa does not cover all days of the visit."))
        case VisaResult.REFUSED:
            remark = gettext(
                "The visa was refused. Other dates can be asked for, or the visit cancelled for that reason."
            )
            return Standing(Item.VISA, Ready.PROBLEM, remark)
        case VisaResult.APPLIED:
            return Standing(Item.VISA, Ready.UNDER_WAY, gettext("The visa is applied for."))
    return Standing(Item.VISA, Ready.UNDER_WAY, gettext("A visa is needed and not applied for yet."))


def _letters(facts: Facts) -> Standing:
    visa = facts.sheets.get(Item.VISA)
    wanted = ["invitation"]
    if isinstance(visa, Visa) and visa.result in {VisaResult.NEEDED, VisaResult.APPLIED}:
        wanted.append("visa")
    missing = [kind for kind in wanted if kind not in facts.letters]
    if "invitation" in missing:
        return Standing(Item.INVITATION, Ready.MISSING)
    if any(facts.letters[kind] != (facts.start, facts.end) for kind in wanted if kind in facts.letters):
        return Standing(Item.INVITATION, Ready.PROBLEM, gettext("The visit has other dates than the letter."))
    if missing:
        return Standing(Item.INVITATION, Ready.UNDER_WAY, gettext("The guest needs a letter for the visa."))
    return Standing(Item.INVITATION, Ready.THERE)


def _covers(first: date, last: date, facts: Facts) -> bool:
    return first <= facts.start and facts.end <= last


_FILLED_IN = frozenset({VisitState.SCHEDULED, VisitState.UNDER_WAY})


def may_fill_in(state: VisitState) -> None:
    """Raises `NotNow` unless the visit is to come or under way: afterwards what was written stands."""
    if state not in _FILLED_IN:
        raise refuse("visit", state)


def may_see_emergency(state: VisitState, start: date, end: date, today: date) -> None:
    """Raises `NotNow` unless today is a day of the visit: on no other does the host see the emergency contact."""
    if state not in _FILLED_IN:
        raise refuse("visit", state)
    if not start <= today <= end:
        raise NotNow(
            gettext("You can see the emergency contact on the days of the visit only: %(days)s.")
            % {"days": dates.span(start, end)}
        )
