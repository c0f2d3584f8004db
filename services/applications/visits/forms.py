"""The forms of a visit: agenda, early return, other dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.forms import MaybeReasonForm, ReasonForm, SpanRow, iso_date, period_error
from services.applications.visits.model import period_problems
from shared.contracts.base import DatePeriod
from shared.contracts.codes import Answer, StatedReason
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.forms import (
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NotOptional,
    RadioField,
    SelectField,
    TextAreaField,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class EarlyReturnForm(MaybeReasonForm):
    """The last day on which the guest attended."""

    last_day = SelectField(N_("Last day the guest was there"), [Needed(N_("Choose the last day"))])


class AgendaForm(Form):
    """The agenda of a visit."""

    text = TextAreaField(N_("Agenda"), [Needed(N_("Write the agenda")), Longest(5000)])


class MoveForm(ReasonForm):
    """The periods in which a visit could take place instead, and why."""

    leading = ("periods",)
    periods = FieldList(FormField(SpanRow), min_entries=1, max_entries=5)

    def validate(self, *more: Any, **named: Any) -> bool:
        """Validate, and require both days of each period that was begun, the last one not before the first."""
        good = super().validate(*more, **named)
        for row in self.periods:
            half = bool(row.form.start.data) != bool(row.form.end.data)
            if half and not (row.form.start.errors or row.form.end.errors):
                missing = row.form.end if row.form.start.data else row.form.start
                missing.errors = [*missing.errors, gettext("Enter this day too")]
                good = False
            if row.form.start.data and row.form.end.data:
                error = period_error(row.form.start.data, row.form.end.data)
                row.form.end.errors = [*row.form.end.errors, *([error] if error else [])]
                good = good and error is None
        return good

    def faults(self) -> Mapping[str, str]:
        """Return the whole periods in which no visit can be."""
        whole = [
            DatePeriod(start=row["start"], end=row["end"])
            for row in self.periods.data
            if row["start"] and row["end"] and period_error(row["start"], row["end"]) is None
        ]
        return period_problems(whole, clock.today()) if whole else {}

    def wanted(self) -> list[DatePeriod]:
        """Return the periods, without empty rows."""
        return [
            DatePeriod.model_validate({"start": iso_date(row["start"]), "end": iso_date(row["end"])})
            for row in self.periods.data
            if row["start"] and row["end"]
        ]


class MoveAnswerForm(Form):
    """Yes or no to other dates."""

    answer = RadioField(
        N_("Do you accept the new dates?"),
        [Needed(N_("Choose whether you accept the new dates"))],
        choices=[("accept", N_("Yes, I accept them")), ("decline", N_("No, keep the old dates"))],
    )
    reason = SelectField(
        N_("If not, why?"), [NotOptional()], choices=StatedReason, blank=N_("Choose a reason"), default=""
    )
    text = TextAreaField(
        N_("More details"), [Longest(1000)], description=N_("Stays in Tandem. Reports and emails show only the reason")
    )

    def validate(self, *more: Any, **named: Any) -> bool:
        """Validate, and require a reason where the new dates are refused."""
        good = super().validate(*more, **named)
        if self.answer.data == Answer.DECLINE and not self.reason.data:
            self.refuse("reason", gettext("Choose why you refuse the new dates"))
            return False
        return good
