"""Define the form fields for hours without mail, shared by the portal and by the link in a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import HiddenField
from wtforms.validators import ValidationError

from shared.contracts.codes import Code
from shared.contracts.labels import label
from shared.i18n import N_, gettext
from shared.web.fields import Needed, RadioField, SelectField, options
from shared.web.forms import Form

if TYPE_CHECKING:
    from wtforms.fields import Field

_HOURS = tuple((f"{hour:02}:00", f"{hour:02}:00") for hour in range(24))
_EVENING, _MORNING = "21:00", "07:00"
MOST_HOURS = 12
"""The most hours a day without mail: half of it, so that mail can reach a person in the other half."""


def length(since: int, until: int) -> int:
    """Return how many hours there are from one hour of the day to the next occurrence of another."""
    return (until - since) % 24 or 24


class QuietHours(Code):
    """The choice of hours without mail for a person."""

    COUNTRY = "country", N_("The usual hours in my country")
    OWN = "own", N_("My own hours")
    NONE = "none", N_("None, emails may come at any hour")


_OWN = (
    QuietHours.OWN.value,
    QuietHours.OWN.label,
    N_("Choose them below. They follow the clock of your country."),
)


class QuietHoursForm(Form):
    """The fields. The choice is one text, `as_text`: `country`, `none`, or hours such as `22:00-06:00`.

    `seen` are the hours that the page showed and sends back: they show whether the person picked others.
    """

    night = RadioField(
        N_("When should we send no emails?"),
        [Needed(N_("Choose when we should send no emails"))],
        choices=(QuietHours.COUNTRY, _OWN, QuietHours.NONE),
        description=N_("Emails wait until these hours have passed. Urgent emails come at once, also at night."),
    )
    since = SelectField(N_("My own hours: from"), choices=_HOURS)
    until = SelectField(N_("My own hours: until"), choices=_HOURS)
    seen = HiddenField()

    @staticmethod
    def holding(text: str, usual: tuple[str, str] | None = None) -> dict[str, str]:
        """Return the fields' values for a text as `as_text` gives it; `usual`: the country's hours, from and until."""
        own = text not in {QuietHours.COUNTRY, QuietHours.NONE}
        since, _, until = text.partition("-")
        hours = (since, until) if own else (usual or (_EVENING, _MORNING))
        whole = [f"{hour[:2]}:00" for hour in hours]
        return {"night": QuietHours.OWN.value if own else text, "since": whole[0], "until": whole[1]}

    def say_usual(self, hours: tuple[str, str] | None) -> None:
        """Write beside the first answer which hours the person's country has, from and until, or that it has none."""
        text = gettext("From %(since)s to %(until)s") % {"since": hours[0], "until": hours[1]} if hours else None
        usual = (
            QuietHours.COUNTRY.value,
            QuietHours.COUNTRY.label,
            text or gettext("Your country has no such hours at present"),
        )
        self.night.choices = options([usual, _OWN, QuietHours.NONE])()

    def validate_night(self, field: Field) -> None:
        """WTForms' protocol: refuse hours that were picked beside another answer.

        Only once: the page then shows those hours, so that the same answer counts when it is sent again.
        """
        seen = self.seen.data or f"{self.since.object_data}-{self.until.object_data}"
        if field.data != QuietHours.OWN and self._hours != seen:
            raise ValidationError(
                gettext("You chose your own hours. Choose “%(own)s” to use them, or send this answer again")
                % {"own": label(QuietHours.OWN)}
            )

    def validate_until(self, field: Field) -> None:
        """WTForms' protocol: refuse the same hour twice, which means all hours or none, and too long a time."""
        if self.night.data != QuietHours.OWN or not _written(self.since.data) or not _written(field.data):
            return
        if field.data == self.since.data:
            raise ValidationError(gettext("The last hour must be different from the first hour"))
        if length(int(self.since.data[:2]), int(field.data[:2])) > MOST_HOURS:
            raise ValidationError(
                gettext(
                    "Choose an earlier last hour or a later first hour. Choose at most %(most)d hours a day "
                    "without emails"
                )
                % {"most": MOST_HOURS}
            )

    def compare(self, sentence: str, saved: Form | None) -> None:
        """Compare as every form, the hours after what else is chosen, as on the page."""
        super().compare(sentence, saved)
        hours = {str(field.label.text) for field in (self.night, self.since, self.until)}
        self.differences = sorted(self.differences, key=lambda each: each.label in hours)

    def in_words(self, field: Field) -> str:
        """Return the content of a field; the hours count only where they are chosen."""
        unused = field.name in {"since", "until"} and self.night.data != QuietHours.OWN
        return "" if unused else super().in_words(field)

    @property
    def as_text(self) -> str:
        """Return the choice, once it is valid."""
        return self._hours if self.night.data == QuietHours.OWN else str(self.night.data)

    @property
    def _hours(self) -> str:
        return f"{self.since.data}-{self.until.data}"


def _written(hour: str | None) -> bool:
    """Return whether the hour can be chosen; the field itself reports any other."""
    return (hour, hour) in _HOURS
