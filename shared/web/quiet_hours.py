"""Define the form fields for hours without mail, shared by the portal and by the link in a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
"""So many hours a day may be without mail: whoever sleeps is awake for as long."""


def length(since: int, until: int) -> int:
    """How many hours there are from one hour of the day until the next time that it is another."""
    return (until - since) % 24 or 24


class QuietHours(Code):
    """Whose hours without mail hold for somebody."""

    COUNTRY = "country", N_("As is usual in my country")
    OWN = "own", N_("At hours of my own")
    NONE = "none", N_("At none: mail may come at any hour")


_OWN = (
    QuietHours.OWN.value,
    QuietHours.OWN.label,
    N_("Choose them below. They are counted by the clock of your country."),
)


class QuietHoursForm(Form):
    """The fields. What was chosen is one text, `as_text`: `country`, `none`, or hours such as `22:00-06:00`.

    `seen` are the hours that the page showed, which sends them along: by it a form knows that somebody picked others.
    """

    night = RadioField(
        N_("At which hours is no mail to come?"),
        [Needed(N_("Choose at which hours no mail is to come"))],
        choices=(QuietHours.COUNTRY, _OWN, QuietHours.NONE),
        description=N_("It waits until they are over. What is urgent comes at once, at night too."),
    )
    since = SelectField(N_("My own hours: from"), choices=_HOURS)
    until = SelectField(N_("My own hours: until"), choices=_HOURS)
    seen = HiddenField()

    @staticmethod
    def holding(text: str, usual: tuple[str, str] | None = None) -> dict[str, Any]:
        """What the fields show for a text as `as_text` gives it; `usual`: the country's hours, from and until."""
        own = text not in {QuietHours.COUNTRY, QuietHours.NONE}
        since, _, until = text.partition("-")
        hours = (since, until) if own else (usual or (_EVENING, _MORNING))
        whole = [f"{hour[:2]}:00" for hour in hours]
        return {"night": QuietHours.OWN.value if own else text, "since": whole[0], "until": whole[1]}

    def say_usual(self, hours: tuple[str, str] | None) -> None:
        """Say beside the first answer which hours the person's country has, from and until, or that it has none."""
        said = gettext("From %(since)s to %(until)s") % {"since": hours[0], "until": hours[1]} if hours else None
        usual = (QuietHours.COUNTRY.value, QuietHours.COUNTRY.label, said or gettext("It has no such hours at present"))
        self.night.choices = options([usual, _OWN, QuietHours.NONE])()

    def validate_night(self, field: Field) -> None:
        """WTForms' protocol: hours that were picked beside another answer are not passed over.

        Asked once: the page then shows those hours, so that the same answer counts when it is sent again.
        """
        seen = self.seen.data or f"{self.since.object_data}-{self.until.object_data}"
        if field.data != QuietHours.OWN and self._hours != seen:
            raise ValidationError(
                gettext(
                    "You picked hours of your own: choose “%(own)s” for them to hold, or send this answer once more"
                )
                % {"own": label(QuietHours.OWN)}
            )

    def validate_until(self, field: Field) -> None:
        """WTForms' protocol: hours from seven to seven would be all of them, or none; and a day has to have others."""
        if self.night.data != QuietHours.OWN or not _written(self.since.data) or not _written(field.data):
            return
        if field.data == self.since.data:
            raise ValidationError(gettext("Choose another hour than the one from which no mail is to come"))
        if length(int(self.since.data[:2]), int(field.data[:2])) > MOST_HOURS:
            raise ValidationError(
                gettext("Choose an earlier hour, or begin later: at most %(most)d hours a day may be without mail")
                % {"most": MOST_HOURS}
            )

    @property
    def as_text(self) -> str:
        """What was chosen, once it is valid."""
        return self._hours if self.night.data == QuietHours.OWN else str(self.night.data)

    @property
    def _hours(self) -> str:
        return f"{self.since.data}-{self.until.data}"


def _written(hour: str | None) -> bool:
    """Whether it is one of those that can be chosen; of any other the field says so itself."""
    return (hour, hour) in _HOURS
