"""Name the time zone of each country, by which office hours in calendars are counted."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from shared.time.workdays import ZONE

_ZONES = {
    "AL": "Europe/Tirane",
    "AM": "Asia/Yerevan",
    "AT": "Europe/Vienna",
    "AZ": "Asia/Baku",
    "BA": "Europe/Sarajevo",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "BY": "Europe/Minsk",
    "CH": "Europe/Zurich",
    "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GE": "Asia/Tbilisi",
    "GR": "Europe/Athens",
    "HR": "Europe/Zagreb",
    "HU": "Europe/Budapest",
    "IE": "Europe/Dublin",
    "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome",
    "LI": "Europe/Vaduz",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "MD": "Europe/Chisinau",
    "ME": "Europe/Podgorica",
    "MK": "Europe/Skopje",
    "MT": "Europe/Malta",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest",
    "RS": "Europe/Belgrade",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
    "UA": "Europe/Kyiv",
}
_COUNTRIES = {zone: country for country, zone in _ZONES.items()}
_reader: ContextVar[str | None] = ContextVar("reader_country", default=None)


def write_for(country: str | None) -> None:
    """Write the deadlines of this request or message for a reader in a country; None for an unknown one."""
    _reader.set(country)


def country_in(zone: str) -> str | None:
    """Return the country whose capital keeps a zone (`Asia/Yerevan`); None where the zone is of no known one."""
    return _COUNTRIES.get(zone)


def distant_country() -> str | None:
    """Return the reader's country where its clocks differ from those of the programme's office; else None."""
    country = _reader.get()
    return country if _apart(zone_of(country)) else None


@cache
def _apart(zone: ZoneInfo) -> bool:
    seasons = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7))
    return any(at.astimezone(zone).utcoffset() != at.astimezone(ZONE).utcoffset() for at in seasons)


def reader_zone() -> ZoneInfo:
    """Return the zone of the reader; the programme's own for an unknown one."""
    return zone_of(_reader.get())


@cache
def zone_of(country: str | None) -> ZoneInfo:
    """Return the zone of a country's capital (ISO 3166-1 alpha-2); the programme's own for an unknown country."""
    name = _ZONES.get(country or "")
    return ZONE if name is None else ZoneInfo(name)
