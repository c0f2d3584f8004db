"""The sheets of a preparation: their fields, and what is wrong with the values."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from services.applications.application.model.answers import Text
from services.applications.register.model import Line
from shared.contracts.base import Day
from shared.contracts.codes import Code
from shared.contracts.codes import PreparationItem as Item
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping


class VisaResult(Code):
    """The state of a visa."""

    NOT_NEEDED = "not_needed", N_("No visa is needed")
    NEEDED = "needed", N_("A visa is needed, not applied for yet")
    APPLIED = "applied", N_("Applied for")
    GRANTED = "granted", N_("Granted")
    REFUSED = "refused", N_("Refused")


class Sheet(BaseModel):
    """A person's entry about one item; `problems` names the wrong fields, with a sentence each.

    It judges a sheet that is partly read, too: what cannot be read in it is None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def problems(self, today: date) -> dict[str, str]:  # noqa: ARG002 - what most sheets need not know
        """Return the problems, by field."""
        return {}


Short = Annotated[Line, StringConstraints(max_length=100)]


Required = Annotated[Line, StringConstraints(min_length=1, max_length=100)]


class Authorisation(Sheet):
    """The sending agency's order or letter: under which reference, of which day."""

    reference: Required
    given_on: Day

    def problems(self, today: date) -> dict[str, str]:
        """Refuse an authorisation dated in the future."""
        return _not_after(today, given_on=self.given_on)


class Visa(Sheet):
    """Needed or not, applied for, granted or refused, each with its day."""

    result: VisaResult
    applied_on: Day | None = None
    decided_on: Day | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    def problems(self, today: date) -> dict[str, str]:
        """Require the day of a decision, and the validity of a granted visa."""
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
    """The guest's insurance: insurer, policy number and period."""

    insurer: Required
    policy_number: Required
    valid_from: Day
    valid_until: Day

    def problems(self, today: date) -> dict[str, str]:  # noqa: ARG002 - an insurance may begin on any day
        """Refuse a time that ends before it begins."""
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            return {"valid_until": gettext("The last day must not be before the first.")}
        return {}


class Settled(Sheet):
    """The sender's confirmation that the list of costs is complete; `lines` is the digest of the list that was read."""

    lines: Required


class EmergencyContact(Sheet):
    """The person whom the host calls if something happens to the guest."""

    name: Required
    relation: Short = ""
    phone: Annotated[Line, StringConstraints(min_length=5, max_length=40, pattern=r"^\+?[0-9 ()/.-]+$")]
    languages: Short = ""


class AccessNeeds(Sheet):
    """The guest's access needs, in the guest's own words."""

    text: Annotated[Text, StringConstraints(min_length=1, max_length=1000)]


class Arrival(Sheet):
    """The guest's arrival: person to ask for, place, time, and things to bring."""

    contact_name: Required
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
"""The sheet of each item; the invitation is a letter (`model/letters.py`)."""


def _not_after(today: date, **days: date | None) -> dict[str, str]:
    sentence = gettext("Enter a day up to today, %(day)s.") % {"day": dates.day(today)}
    return {name: sentence for name, day in days.items() if day is not None and day > today}


class InvalidSheet(ValueError):
    """The values of a sheet are wrong; `fields` names each with a sentence."""

    def __init__(self, fields: dict[str, str]) -> None:
        """Take the fields."""
        super().__init__(next(iter(fields.values())))
        self.fields = fields


def read_sheet(item: Item, details: Mapping[str, object], today: date) -> Sheet:
    """Return the values as a sheet. Raises `InvalidSheet` with all that is wrong, and KeyError for another item."""
    filled_in = {name: value for name, value in details.items() if value not in (None, "")}
    wrong: dict[str, str] = {}
    try:
        sheet = SHEETS[item].model_validate(filled_in)
    except ValidationError as error:
        names = {str(problem["loc"][0]): problem["type"] for problem in error.errors()}
        wrong = {name: _sentence(name, kind) for name, kind in names.items()}
        sheet = _partly_read(SHEETS[item], {name: value for name, value in filled_in.items() if name not in wrong})
    wrong = sheet.problems(today) | wrong
    if wrong:
        raise InvalidSheet(wrong)
    return sheet


def _partly_read(sheet: type[Sheet], readable: Mapping[str, object]) -> Sheet:
    """Return a sheet with the values that can be read, and None for all others."""
    fields = sheet.model_fields.items()
    read = {
        name: TypeAdapter(field.rebuild_annotation()).validate_python(readable[name])
        for name, field in fields
        if name in readable
    }
    return sheet.model_construct(**{**dict.fromkeys(sheet.model_fields), **read})


_FORMATS: dict[str, str] = {
    "phone": N_("Enter a telephone number like +374 10 123456"),
    "contact_phone": N_("Enter a telephone number like +374 10 123456"),
    "contact_email": N_("Enter an email address like name@police.example"),
    "at": N_("Enter a time like 09:30"),
}


_REMEDIES: dict[str, str] = {
    "extra_forbidden": N_("This is not required here."),
    "missing": N_("Answer this question"),
    "string_too_long": N_("Shorten this text."),
}


def _sentence(name: str, kind: str) -> str:
    """Return what to do about a field that pydantic does not take."""
    return gettext(_REMEDIES.get(kind) or _FORMATS.get(name) or N_("Check what you wrote here"))
