"""The forms by which matches are cleared, and an offered one is answered."""

from __future__ import annotations

from typing import Any

from shared.contracts.codes import Answer, StatedReason
from shared.i18n import N_, gettext
from shared.web.forms import Form, Longest, Needed, NotOptional, RadioField, SelectField, TextAreaField


class ClearAllForm(Form):
    """The confirmation to clear several matches; it has no fields."""


class AnswerForm(Form):
    """Yes or no to an offered match."""

    answer = RadioField(
        N_("Do you accept?"),
        [Needed(N_("Choose whether you accept"))],
        choices=[("accept", N_("Yes, I accept")), ("decline", N_("No, I decline"))],
    )
    reason = SelectField(
        N_("If not, why?"), [NotOptional()], choices=StatedReason, blank=N_("Choose a reason"), default=""
    )
    text = TextAreaField(
        N_("More details"), [Longest(1000)], description=N_("Stays in Tandem. Reports and emails show only the reason")
    )

    def validate(self, *more: Any, **named: Any) -> bool:
        """Validate, and require a reason where the match is declined."""
        good = super().validate(*more, **named)
        if self.answer.data == Answer.DECLINE and not self.reason.data:
            self.refuse("reason", gettext("Choose why you decline"))
            return False
        return good
