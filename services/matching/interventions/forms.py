"""The form of a what-if: the call's own terms, each of which can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.matching.engine.problem.problem import WEIGHTS
from services.matching.interventions.model import Basis, OtherTerms
from shared.contracts import labels
from shared.contracts.calls import CountryQuota, CriterionWeight
from shared.contracts.codes import Criterion, Objective, TieBreak, Wishes
from shared.i18n import N_, gettext
from shared.web.forms import (
    Between,
    FieldList,
    Form,
    FormField,
    Needed,
    NumberField,
    RadioField,
    Row,
    SelectField,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID


SIDES = ("applicant", "host")
_MOST = 1000
_QUOTAS = 60


class _Countries:
    """All countries by their names in the language of the request."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(labels.countries())


class QuotaRow(Row):
    """The floor and the ceiling of one country."""

    country = SelectField(N_("Country"), choices=_Countries(), blank=N_("Choose one"))
    floor = NumberField(N_("At least"), [Between(0, 100_000)])
    ceiling = NumberField(N_("At most"), [Between(0, 100_000)])


class WhatIfForm(Form):
    """The terms of a call without the weights, which have a table of their own."""

    basis = RadioField(
        N_("Starting point"),
        [Needed(N_("Select a starting point"))],
        choices=(
            (Basis.NOW.value, N_("Current situation"), N_("Officers who are waiting now. Active matches stay.")),
            (
                Basis.START.value,
                N_("From the start"),
                N_("All officers who ever took part and all places published, as if no cohort had been committed."),
            ),
        ),
    )
    objective = RadioField(N_("Aim"), [Needed(N_("Select an aim"))], choices=Objective)
    wishes = RadioField(
        N_("Order of placements and mentors"),
        [Needed(N_("Select how an order counts"))],
        choices=Wishes,
    )
    ties = RadioField(N_("Equal points"), [Needed(N_("Select what decides between equal points"))], choices=TieBreak)
    share_of_offer = NumberField(
        N_("Largest share of a placement per country, in per cent"),
        [Needed(N_("Enter the largest share of a placement per country, from 1 to 100")), Between(1, 100)],
    )
    minimum_days = NumberField(
        N_("Shortest visit, in working days"),
        [Needed(N_("Enter the shortest visit, from 1 to 5 working days")), Between(1, 5)],
    )
    notice_weeks = NumberField(
        N_("Weeks between confirmation and visit"),
        [Needed(N_("Enter the weeks between confirmation and visit, from 0 to 52")), Between(0, 52)],
    )
    quotas = FieldList(FormField(QuotaRow), max_entries=_QUOTAS)
    call_id: UUID | None = None
    call_name = ""

    def validate(self, *more: Any, **named: Any) -> bool:
        """WTForms' protocol; a bad weight has its name and what to write."""
        valid = super().validate(*more, **named)
        for criterion in Criterion:
            for side in SIDES:
                field = self[f"{criterion.value}_{side}"]
                if field.errors or field.data is None:
                    names = {"criterion": labels.label(criterion), "side": side_name(side), "most": _MOST}
                    sentence = gettext("%(criterion)s, %(side)s: enter a whole number from 0 to %(most)d") % names
                    field.errors = [sentence]
                    valid = False
        return valid


_weights = {
    f"{criterion.value}_{side}": NumberField(criterion.value, [Between(0, _MOST)])
    for criterion in Criterion
    for side in SIDES
}
TermsForm: type[WhatIfForm] = type("TermsForm", (WhatIfForm,), _weights)
"""The whole form: a field `<criterion>_<side>` a weight besides."""


def filled(terms: OtherTerms, basis: Basis) -> WhatIfForm:
    """Return the form before anything is changed."""
    values: dict[str, Any] = terms.model_dump(mode="json", exclude={"weights", "quotas"}) | {"basis": basis.value}
    values["quotas"] = [quota.model_dump() for quota in terms.quotas or ()]
    for weight in terms.weights or ():
        for side in SIDES:
            values[f"{weight.criterion.value}_{side}"] = getattr(weight, side)
    return TermsForm(data=values)


def side_name(side: str) -> str:
    """Return for whom a weight counts."""
    return gettext("for the officer") if side == "applicant" else gettext("for the host")


def terms_of(form: WhatIfForm) -> tuple[Basis, OtherTerms]:
    """Return the terms of a checked form; a row of quotas without a country is ignored."""
    return Basis(form.basis.data), OtherTerms(
        objective=Objective(form.objective.data),
        wishes=Wishes(form.wishes.data),
        ties=TieBreak(form.ties.data),
        share_of_offer=form.share_of_offer.data,
        minimum_days=form.minimum_days.data,
        notice_weeks=form.notice_weeks.data,
        weights=tuple(
            CriterionWeight(
                criterion=criterion,
                applicant=form[f"{criterion.value}_applicant"].data,
                host=form[f"{criterion.value}_host"].data,
            )
            for criterion in WEIGHTS
        ),
        quotas=tuple(
            CountryQuota(
                country=entry.form.country.data,
                floor=entry.form.floor.data or 0,
                ceiling=entry.form.ceiling.data,
            )
            for entry in form.quotas
            if entry.form.country.data
        ),
    )
