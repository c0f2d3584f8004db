"""Define the forms of suspension and reinstatement; a suspension's choices travel in the address."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ValidationError

from services.applications.partners.model import (
    CHOICES,
    GROUPS,
    LONGEST_NOTICE,
    Choice,
    GroupChoice,
    OpenCases,
    Stage,
    choice_name,
    field_of,
    group_name,
)
from services.applications.register.forms import set_choices
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
from shared.web.query import DayText, IdText, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shared.contracts.codes import Side


class ReinstateForm(Form):
    """From when a partner is reinstated, and why."""

    since = DateField(
        N_("From which day?"), [Needed(N_("Enter the day"))], description=N_("Today, or a later day within a year")
    )
    note = TextAreaField(
        N_("Why?"), [Longest(1000)], description=N_("Kept with the decision for auditors. Do not name any person.")
    )


def _fields_of(side: Side, stage: Stage) -> dict[str, Any]:
    """Return the fields that ask about one group of cases."""
    name = field_of(side, stage)
    fields: dict[str, Any] = {name: RadioField("", [Needed(N_("Choose what happens to them"))], choices=())}
    if Choice.FUND in CHOICES[stage]:
        fields[f"{name}_fund"] = SelectField(N_("Fund, if you move them"), render_kw={"size": 20})
    if Choice.CANCEL in CHOICES[stage]:
        fields[f"{name}_notice"] = NumberField(
            N_("Days of notice, if you cancel them"),
            [Between(0, LONGEST_NOTICE)],
            description=N_("0 ends them on the day of the suspension"),
            default=0,
            render_kw={"size": 3},
        )
    return fields


SuspendForm: type[Form] = type(
    "SuspendForm",
    (Form,),
    {
        "since": DateField(
            N_("From which day is it suspended?"),
            [Needed(N_("Enter the day"))],
            description=N_("Today, or a later day within a year"),
        )
    }
    | {name: field for group in GROUPS for name, field in _fields_of(*group).items()},
)
"""From when a partner is suspended, and what becomes of each group of cases; see `keep_groups`."""


def keep_groups(form: Form, open_cases: OpenCases, funds: Mapping[str, str]) -> None:
    """Ask only about the groups that have cases; `funds` are those that can pay (id -> name)."""
    for side, stage in GROUPS:
        name = field_of(side, stage)
        if (side, stage) not in open_cases.groups:
            for field in [field_name for field_name in (name, f"{name}_fund", f"{name}_notice") if field_name in form]:
                del form[field]
            continue
        choice_field = form[name]
        assert isinstance(choice_field, RadioField)
        group = group_name(side, stage)
        choice_field.label.text = f"{group} ({len(open_cases.of(side, stage))})"
        choice_field.validators = [Needed(gettext("Choose what happens to this group: %(group)s") % {"group": group})]
        set_choices(choice_field, [(choice.value, choice_name(stage, choice)) for choice in CHOICES[stage]])
        if f"{name}_fund" in form:
            fund_field = form[f"{name}_fund"]
            assert isinstance(fund_field, SelectField)
            set_choices(fund_field, list(funds.items()), blank=N_("Choose a fund"))


def fields_of(side: Side, stage: Stage) -> set[str]:
    """Return the names of the fields that ask about one group of cases."""
    name = field_of(side, stage)
    return {name, f"{name}_fund", f"{name}_notice"}


def ask_only(form: Form, groups: Collection[tuple[Side, Stage]]) -> None:
    """Ask about these groups of cases only."""
    wanted = set().union(*(fields_of(*group) for group in groups))
    for name in [field.name for field in form if field.name not in wanted]:
        del form[name]


def form_choices(form: Form, open_cases: OpenCases) -> tuple[GroupChoice, ...]:
    """Return the choices of a valid form, group by group."""
    values = {name: field.data for name, field in form._fields.items()}
    return tuple(_choice(side, stage, values) for side, stage in open_cases.groups)


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


PARAMETERS: dict[str, object] = {"since": DayText}
"""The parameters in the address of a preview, by name: their types."""
for _group in GROUPS:
    PARAMETERS |= {
        field_of(*_group): Annotated[str, one_of(*Choice)],
        f"{field_of(*_group)}_fund": IdText,
        f"{field_of(*_group)}_notice": Annotated[str, one_of(*map(str, range(LONGEST_NOTICE + 1)))],
    }


def as_parameters(since: date, choices: Sequence[GroupChoice]) -> dict[str, str]:
    """Return the choices as parameters of an address, or as hidden fields."""
    values = {"since": since.isoformat()}
    for choice in choices:
        name = field_of(choice.side, choice.stage)
        values[name] = choice.choice.value
        if choice.fund_id:
            values[f"{name}_fund"] = choice.fund_id
        if choice.choice is Choice.CANCEL:
            values[f"{name}_notice"] = str(choice.notice_days)
    return values


def day_of(values: Mapping[str, str]) -> date:
    """Return the day in such parameters. Raises `Refused` (422)."""
    try:
        return date.fromisoformat(values.get("since", ""))
    except ValueError:
        raise Refused(
            gettext("The day is missing in this address. Start again from the partner's page."), 422
        ) from None


def choices_of(values: Mapping[str, str]) -> tuple[GroupChoice, ...]:
    """Return the choices in such parameters. Raises `Refused` (422)."""
    try:
        return tuple(_choice(side, stage, values) for side, stage in GROUPS if field_of(side, stage) in values)
    except (ValueError, ValidationError):
        raise Refused(gettext("This address cannot be read. Start again from the partner's page."), 422) from None
