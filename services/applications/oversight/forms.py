"""Define the audit's filters and the forms of incident reports."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import Depends

from services.applications.oversight.model import LONGEST, Category, Reader, wrong
from services.applications.overview.model import AuditFilters, AuditKind
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.forms import CheckboxesField, DateField, Form, Longest, Needed, SelectField, TextAreaField
from shared.web.query import CountryText, DayText, one_of


async def filters_of(
    kind: Annotated[str, one_of(*AuditKind)] = "",
    who: str = "",
    what: str = "",
    country: CountryText = "",
    since: DayText = "",
    until: DayText = "",
) -> AuditFilters:
    """Return the filters in an address. Raises `Refused` (422) for a malformed day."""
    return AuditFilters(
        AuditKind(kind or AuditKind.ATTEMPTS),
        who.strip() or None,
        what.strip() or None,
        country.strip() or None,
        _day("since", since),
        _day("until", until),
    )


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        sentence = gettext("Enter a date such as 2026-11-24")
        raise Refused(sentence, 422, {name: sentence}) from None


AuditFiltersDep = Annotated[AuditFilters, Depends(filters_of)]


class IncidentForm(Form):
    """The form to report an incident and choose its readers."""

    category = SelectField(
        N_("What is it about?"), [Needed(N_("Choose what it is about"))], choices=Category, blank=N_("Choose one")
    )
    happened_on = DateField(N_("When did it happen?"))
    text = TextAreaField(N_("What happened?"), [Needed(N_("Enter what happened")), Longest(LONGEST)])
    readers = CheckboxesField(
        N_("Who may read your report?"),
        [Needed(N_("Choose at least one person who may read your report"))],
        choices=[
            (Reader.PROGRAMME.value, N_("Programme coordinator")),
            (Reader.DATA_PROTECTION.value, N_("Data protection officer")),
            (Reader.COUNTRY.value, N_("National coordinator of your country")),
        ],
    )

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the report."""
        readers = [Reader(code) for code in self.readers.data or () if code in set(Reader)]
        return wrong(self.text.data or "", self.happened_on.data, readers, clock.today())


class WordsForm(Form):
    """A note, or an answer."""

    text = TextAreaField(N_("Your text"), [Needed(N_("Enter your text")), Longest(2000)])
