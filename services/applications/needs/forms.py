"""The form of a training need."""

from collections.abc import Mapping

from services.applications.needs.model import wrong_quantity
from services.applications.register.forms import DAY_HINT
from services.applications.register.model import wrong_term
from shared.contracts import labels
from shared.contracts.codes import PRIORITIES
from shared.i18n import N_
from shared.web.forms import DateField, FileField, Form, Needed, NotOptional, NumberField, RadioField, SelectField


def topics() -> list[tuple[str, str]]:
    """Return all topics, those of the newest scheme first.

    A value names the scheme, as codes occur in several schemes.
    """
    return [
        (f"{scheme}:{code}", f"{labels.topic(code, scheme)} ({labels.scheme(scheme)})")
        for scheme in sorted(PRIORITIES, reverse=True)
        for code in PRIORITIES[scheme]
    ]


class NeedForm(Form):
    """A training need."""

    country = SelectField(N_("Country"), [Needed(N_("Choose the country"))])
    topic = SelectField(N_("Topic"), [Needed(N_("Choose the topic"))])
    area = SelectField(N_("Area of expertise"), default="", description=N_("Leave empty for the topic as a whole"))
    level = RadioField(N_("Level"), [Needed(N_("Choose the level"))])
    quantity = NumberField(N_("How many people"), [Needed(N_("Enter how many people"))], render_kw={"size": 5})
    since = DateField(N_("First day"), [Needed(N_("Enter the first day"))], description=DAY_HINT)
    until = DateField(N_("Last day"), [Needed(N_("Enter the last day"))], description=DAY_HINT)

    def faults(self) -> Mapping[str, str]:
        """Return a number of people that no need has, and a time that ends before it begins."""
        return wrong_quantity(self.quantity.data) | wrong_term(self.since.data, self.until.data)


class UploadForm(Form):
    """A table of training needs."""

    file = FileField(N_("Your table"), [NotOptional()], render_kw={"accept": ".csv,.xlsx"})


class WrongRowsForm(Form):
    """The choice for the wrong rows of a table."""

    rows = RadioField(
        N_("What should happen to the wrong rows?"),
        [Needed(N_("Choose what happens to the wrong rows"))],
        choices=[
            ("right", N_("Leave them out, and import the others")),
            ("all", N_("Import nothing until all rows are correct")),
        ],
    )
