"""What does an auditor ask for? Filters as they stand in an address, for the page, the download and the API."""

from datetime import date
from typing import Annotated

from fastapi import Depends

from services.applications.overview.store.audit import Filters, Kind
from shared.errors import Refused
from shared.i18n import gettext


def filters_of(
    kind: str = "", who: str = "", what: str = "", country: str = "", since: str = "", until: str = ""
) -> Filters:
    """The filters in an address. Raises `Refused` (422) for a day that is none."""
    return Filters(
        Kind(kind) if kind in list(Kind) else Kind.ATTEMPTS,
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
        sentence = gettext("Write the day like 2026-11-24")
        raise Refused(sentence, 422, {name: sentence}) from None


AuditFilters = Annotated[Filters, Depends(filters_of)]
