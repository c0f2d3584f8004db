"""The form that names a deputy."""

from services.applications.register.forms import DAY_HINT
from shared.i18n import N_
from shared.web.forms import DateField, Form, Needed, SelectField


class ConfirmForm(Form):
    """A confirmation needs no more than its button."""


class DeputyForm(Form):
    """Name a deputy for a term."""

    role = SelectField(N_("For which role?"), [Needed(N_("Choose the role"))])
    deputy = SelectField(N_("Who stands in?"), [Needed(N_("Choose a person"))])
    since = DateField(N_("First day"), [Needed(N_("Enter the first day"))], description=DAY_HINT)
    until = DateField(N_("Last day"), [Needed(N_("Enter the last day"))], description=DAY_HINT)
