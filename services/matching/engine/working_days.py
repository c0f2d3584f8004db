"""Which days are public holidays, and how sure is that? From the package `holidays`, plus what a programme adds.

Ukraine's law suspends its holidays under martial law, and the package follows it; a programme whose partners keep them
nonetheless, or any other closed day, states them in `extra`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays

from shared.contracts.codes import UNION


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; `estimated` where its day follows the moon and is not yet announced."""

    day: date
    name: str
    estimated: bool = False


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> Mapping[date, Holiday]:
    """The public holidays of a country (ISO 3166-1) in a year, by day; none for the Union (agencies have their own).

    Raises NotImplementedError for a country that the package does not know.
    """
    if country == UNION:
        return {}
    known = holidays.country_holidays(country, years=year, language="en_US")
    return {day: Holiday(day, name, "(estimated)" in name or "estimated)" in name) for day, name in known.items()}


def holiday(country: str, day: date, extra: Mapping[str, frozenset[date]]) -> Holiday | None:
    """The holiday of the country on that day, if it is one."""
    if day in extra.get(country, ()):
        return Holiday(day, "Closed by the programme")
    return public_holidays(country, day.year).get(day)
