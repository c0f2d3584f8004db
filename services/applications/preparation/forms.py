"""The forms of a visit's preparation: sheets, costs, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from services.applications.preparation.model import InvalidSheet, VisaResult, read_sheet, same_country
from services.applications.preparation.model.costs import CURRENCIES, CostItem, Payer, amount
from shared.contracts.codes import PreparationItem
from shared.i18n import N_
from shared.time import clock
from shared.web.forms import (
    DateField,
    Form,
    Longest,
    Needed,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


class SheetForm(Form):
    """The form of one sheet; the model judges it together with the form."""

    of: ClassVar[PreparationItem]

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the sheet."""
        try:
            read_sheet(self.of, {field.name: field.data for field in self}, clock.today())
        except InvalidSheet as wrong:
            return wrong.fields
        return {}


class AuthorisationForm(SheetForm):
    """The sending agency's authorisation."""

    of = PreparationItem.AUTHORISATION
    reference = StringField(N_("Reference of the order or letter"), [Needed(N_("Enter the reference")), Longest(100)])
    given_on = DateField(N_("What is its date?"), [Needed(N_("Enter the date of the authorisation"))])


class VisaForm(SheetForm):
    """The state of the visa."""

    of = PreparationItem.VISA
    result = RadioField(
        N_("What is the status of your visa?"),
        [Needed(N_("Choose the status of your visa"))],
        choices=VisaResult,
    )
    applied_on = DateField(N_("When did you apply?"))
    decided_on = DateField(N_("When was it granted or refused?"))
    valid_from = DateField(N_("Valid from"))
    valid_until = DateField(N_("Valid until"))


class InsuranceForm(SheetForm):
    """The guest's insurance."""

    of = PreparationItem.INSURANCE
    insurer = StringField(N_("Who insures you?"), [Needed(N_("Enter the insurer")), Longest(100)])
    policy_number = StringField(N_("Policy number"), [Needed(N_("Enter the policy number")), Longest(100)])
    valid_from = DateField(N_("Valid from"), [Needed(N_("Enter the first day"))])
    valid_until = DateField(N_("Valid until"), [Needed(N_("Enter the last day"))])


class EmergencyForm(SheetForm):
    """The person whom the host calls in an emergency."""

    of = PreparationItem.EMERGENCY_CONTACT
    name = StringField(N_("Name"), [Needed(N_("Enter a name")), Longest(100)])
    relation = StringField(
        N_("What is their relationship to you?"), [Longest(100)], description=N_("Spouse, parent, friend, duty officer")
    )
    phone = StringField(
        N_("Telephone number"),
        [Needed(N_("Enter a telephone number")), Longest(40)],
        description=N_("With the country code, like +374 10 123456"),
    )
    languages = StringField(N_("Which languages does this person speak?"), [Longest(100)])


class AccessForm(SheetForm):
    """The guest's access needs."""

    of = PreparationItem.ACCESS_NEEDS
    text = TextAreaField(
        N_("What do you need to take part well?"),
        [Needed(N_("Enter what you need")), Longest(1000)],
        description=N_("For example step-free access, food, medication or a prayer room. Only your host reads it"),
    )


class ArrivalForm(SheetForm):
    """The guest's arrival: person to ask for, place and time."""

    of = PreparationItem.ARRIVAL
    contact_name = StringField(
        N_("Who should the guest ask for?"), [Needed(N_("Enter who the guest should ask for")), Longest(100)]
    )
    contact_email = StringField(N_("Email of this person"), [Longest(200)])
    contact_phone = StringField(N_("Telephone of this person"), [Longest(40)])
    place = TextAreaField(
        N_("Where should the guest arrive on the first day?"),
        [Needed(N_("Enter where the guest should arrive")), Longest(500)],
        description=N_("Address, entrance, building"),
    )
    at = StringField(
        N_("At what time?"), [Needed(N_("Enter a time like 09:30"))], description=N_("Local time, like 09:30")
    )
    bring = TextAreaField(N_("What should the guest bring?"), [Longest(1000)])


SHEET_FORMS: dict[PreparationItem, type[Form]] = {
    form.of: form for form in (AuthorisationForm, VisaForm, InsuranceForm, EmergencyForm, AccessForm, ArrivalForm)
}
"""The form of each thing that somebody writes down; costs and letters have pages of their own."""


class LineForm(Form):
    """The payer and amount of one line of a visit's costs."""

    payer = SelectField(N_("Who pays?"), [Needed(N_("Choose who pays"))], choices=Payer, blank=N_("Choose one"))
    planned = StringField(N_("Planned amount"), [Needed(N_("Enter the planned amount, like 120.50"))])
    currency = SelectField(N_("Currency"), choices=[(code, code) for code in CURRENCIES], default="EUR")
    note = StringField(N_("Note"), [Longest(200)])

    def faults(self) -> Mapping[str, str]:
        """Return the fields with what is no amount."""
        found = {}
        for name in ("planned", "actual"):
            try:
                self.amount(name)
            except ValueError as error:
                found[name] = str(error)
        return found

    def amount(self, name: str) -> Decimal | None:
        """Return the amount in a field; None for an empty one. Raises `ValueError` for anything else."""
        written = (self[name].data or "").strip() if name in self else ""
        return amount(written) if written else None


class CostForm(LineForm):
    """One more line."""

    leading = ("item",)
    item = SelectField(
        N_("What is it for?"), [Needed(N_("Choose what it is for"))], choices=CostItem, blank=N_("Choose one")
    )


class ChangeCostForm(LineForm):
    """The new values of a line, with the actual amount."""

    actual = StringField(N_("Actual amount"), description=N_("Once it is known"))


class TravelRuleForm(Form):
    """The form of a rule whether an item is required before travel, in a call and between countries."""

    item = SelectField(
        N_("Which item?"), [Needed(N_("Choose what it is about"))], choices=PreparationItem, blank=N_("Choose one")
    )
    required = RadioField(
        N_("Is it required?"),
        [Needed(N_("Choose whether it is required"))],
        choices=[("yes", N_("Yes")), ("no", N_("No"))],
    )
    call_id = SelectField(N_("For which call?"), default="")
    country = SelectField(N_("For guests from"), default="")
    host_country = SelectField(N_("For hosts in"), default="")

    def faults(self) -> Mapping[str, str]:
        """Return an error where guests and hosts would be of one country."""
        return same_country(self.country.data, self.host_country.data)
