"""How is a suspension asked for? One question for each group that has cases; the answers travel in the address."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.applications.partners.model import (
    CHOICES,
    GROUPS,
    LONGEST_NOTICE,
    Choice,
    Flight,
    GroupChoice,
    choice_name,
    field_of,
    group_name,
)
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.web.forms import (
    Between,
    DateField,
    Form,
    Longest,
    Needed,
    NumberField,
    RadioField,
    SelectField,
    TextAreaField,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ReinstateForm(Form):
    """From when, and why."""

    since = DateField(
        N_("From which day?"), [Needed(N_("Enter the day"))], description=N_("Today, or a later day within a year")
    )
    note = TextAreaField(
        N_("Why?"), [Longest(1000)], description=N_("Kept with the decision, for those who audit it. Name no person.")
    )


def suspend_form(flight: Flight, funds: Mapping[str, str]) -> type[Form]:
    """A form that asks about each group that has cases; `funds` are those that can pay (id -> name)."""
    fields: dict[str, Any] = {
        "since": DateField(
            N_("From which day is it suspended?"),
            [Needed(N_("Enter the day"))],
            description=N_("Today, or a later day within a year"),
        )
    }
    for side, stage in flight.groups:
        name = field_of(side, stage)
        count = len(flight.of(side, stage))
        fields[name] = RadioField(
            f"{group_name(side, stage)} ({count})",
            [Needed(N_("Choose what becomes of them"))],
            choices=[(choice.value, choice_name(stage, choice)) for choice in CHOICES[stage]],
        )
        if Choice.FUND in CHOICES[stage]:
            fields[f"{name}_fund"] = SelectField(
                N_("Which fund, if you move them"), choices=list(funds.items()), blank=N_("Choose a fund")
            )
        if Choice.CANCEL in CHOICES[stage]:
            fields[f"{name}_notice"] = NumberField(
                N_("Days of notice, if you cancel them"),
                [Between(0, LONGEST_NOTICE)],
                description=N_("0 ends them on the day of the suspension"),
                default=0,
            )
    return type("SuspendForm", (Form,), fields)


def chosen(form: Form, flight: Flight) -> tuple[GroupChoice, ...]:
    """What a valid form says, group by group."""
    found = {name: field.data for name, field in form._fields.items()}
    return tuple(_choice(side, stage, found) for side, stage in flight.groups)


def _choice(side: Any, stage: Any, values: Mapping[str, Any]) -> GroupChoice:
    name = field_of(side, stage)
    choice = Choice(values[name])
    return GroupChoice(
        side=side,
        stage=stage,
        choice=choice,
        fund_id=(values.get(f"{name}_fund") or None) if choice is Choice.FUND else None,
        notice_days=int(values.get(f"{name}_notice") or 0) if choice is Choice.CANCEL else 0,
    )


def written(since: date, choices: Sequence[GroupChoice]) -> dict[str, str]:
    """The same as parameters of an address, or as hidden fields."""
    found = {"since": since.isoformat()}
    for one in choices:
        name = field_of(one.side, one.stage)
        found[name] = one.choice.value
        if one.fund_id:
            found[f"{name}_fund"] = one.fund_id
        if one.choice is Choice.CANCEL:
            found[f"{name}_notice"] = str(one.notice_days)
    return found


def day_of(values: Mapping[str, str]) -> date:
    """The day in such parameters. Raises `Refused` (422)."""
    try:
        return date.fromisoformat(values.get("since", ""))
    except ValueError:
        raise Refused(gettext("This address lacks the day. Begin again at the partner's page."), 422) from None


def choices_of(values: Mapping[str, str]) -> tuple[GroupChoice, ...]:
    """The choices in such parameters. Raises `Refused` (422)."""
    try:
        return tuple(_choice(side, stage, values) for side, stage in GROUPS if field_of(side, stage) in values)
    except (ValueError, ValidationError):
        raise Refused(gettext("This address cannot be read. Begin again at the partner's page."), 422) from None
