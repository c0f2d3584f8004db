"""The form by which a party answers an offered match."""

from __future__ import annotations

from shared.contracts.codes import StatedReason
from shared.i18n import N_
from shared.web.forms import Form, Longest, Needed, RadioField, SelectField, TextAreaField


class AnswerForm(Form):
    """Yes or no to an offered match."""

    answer = RadioField(
        N_("Do you accept?"),
        [Needed(N_("Choose whether you accept"))],
        choices=[("accept", N_("Yes, I accept")), ("decline", N_("No, I decline"))],
    )
    reason = SelectField(N_("If not, why?"), choices=StatedReason, blank=N_("Choose a reason"), default="")
    text = TextAreaField(
        N_("More about it"), [Longest(1000)], description=N_("Stays in the portal; only the reason is passed on")
    )
