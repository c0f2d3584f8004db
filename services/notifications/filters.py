"""The filters that lists of several rooms share: country and week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from shared.contracts.codes import COUNTRIES
from shared.contracts.labels import country as country_name
from shared.i18n import gettext
from shared.web.lists import Filter, with_country

if TYPE_CHECKING:
    from collections.abc import Iterable


def country_field(readable: Iterable[str] | None, value: str) -> Filter:
    """Return a field with the countries that the reader may see (None: all), sorted by name."""
    codes = sorted(COUNTRIES if readable is None else readable, key=country_name)
    return Filter(
        "country", gettext("Country"), value, [(code, country_name(code)) for code in with_country(codes, value)]
    )


def countries_in(readable: frozenset[str] | None, country: str) -> frozenset[str] | None:
    """Return the countries to list: those that the reader may see (None: all), only `country` where one is chosen."""
    if not country:
        return readable
    chosen = frozenset({country})
    return chosen if readable is None else chosen & readable


def monday_of(text: str) -> date | None:
    """Return the Monday of the week of an ISO date; None where the text is no date."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day - timedelta(days=day.weekday())
