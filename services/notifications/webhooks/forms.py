"""The forms of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import HiddenField

from services.notifications.webhooks.model.webhook import LONGEST_DESCRIPTION
from shared.i18n import N_
from shared.web.forms import CheckboxesField, DateField, Form, Longest, Needed, RadioField, StringField, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.codes import WebhookReach


class EndpointForm(Form):
    """An endpoint. `reach` says which events may be chosen."""

    url = StringField(
        N_("Web address"),
        [Needed(N_("Enter the web address of the receiver"))],
        description=N_("It must start with https:// and lead to a server on the internet"),
    )
    description = StringField(
        N_("Name and purpose of the receiver"),
        [Needed(N_("Enter who receives it, and what for")), Longest(LONGEST_DESCRIPTION)],
    )
    events = CheckboxesField(N_("Events"), [Needed(N_("Select at least one event"))])
    reach: WebhookReach | None = None

    def offer(self, reach: WebhookReach, types: Sequence[str]) -> None:
        """Offer the events of a reach."""
        self.reach = reach
        self.events.choices = options([(type_, type_) for type_ in types])()


class RegisterForm(EndpointForm):
    """A new endpoint. `key` is its future id: a form that is sent twice registers it once."""

    key = HiddenField()


class RotateForm(Form):
    """The form to replace a secret. `key` is the id of the new one: a form that is sent twice makes one."""

    hours = RadioField(
        N_("How long does the old secret stay valid?"),
        [Needed(N_("Select how long the old secret stays valid"))],
        choices=(
            ("24", N_("For a day"), N_("Until then both secrets sign, so nothing is refused")),
            ("72", N_("For three days")),
            ("168", N_("For a week")),
            ("0", N_("Not at all"), N_("If somebody else knows the secret")),
        ),
    )
    key = HiddenField()


class SinceForm(Form):
    """From which day on what failed is sent again."""

    since = DateField(N_("From which day?"), [Needed(N_("Enter the day from which everything is sent again"))])
