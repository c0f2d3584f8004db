"""Name codes in the reader's language: roles, countries, languages, members of code lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import COUNTRIES, UNION, Role
from shared.contracts.codes import LANGUAGES as KNOWN
from shared.contracts.codes.priorities import PRIORITIES, topic_label
from shared.i18n import LANGUAGES, gettext, locale

if TYPE_CHECKING:
    from collections.abc import Iterable


def role(code: str) -> str:
    """Return the name of a role, as the header shows it."""
    return gettext(Role(str(code)).label)


def country(code: str | None) -> str:
    """Return the name of a country (ISO 3166-1 alpha-2, or `EU` for an EU agency) in the reader's language."""
    if not code:
        return ""
    return str(locale().territories.get(str(code), code))


def countries(codes: Iterable[str] = COUNTRIES) -> list[tuple[str, str]]:
    """Return countries as choices, by their names in the reader's language."""
    return sorted(((code, country(code)) for code in codes), key=lambda choice: choice[1])


def coordinator(code: str) -> str:
    """Return who decides for a country: its national coordinator, or an EU agency's own clearance officer."""
    if code == UNION:
        return gettext("Clearance officer of the EU agency")
    return gettext("National coordinator of %(country)s") % {"country": country(code)}


def tongue(code: str) -> str:
    """Return the name of a language (ISO 639-1) in the reader's language, with a capital."""
    name = str(locale().languages.get(str(code), code))
    return name[:1].title() + name[1:]


def tongues() -> list[tuple[str, str]]:
    """Return all languages as choices, by their names in the reader's language."""
    return sorted(((code, tongue(code)) for code in KNOWN), key=lambda choice: choice[1])


def written(present: str | None = None) -> list[tuple[str, str]]:
    """Return the languages in which the programme writes, as choices; also `present`, where a person chose another."""
    also = (present,) if present in KNOWN and present not in LANGUAGES else ()
    return [(code, tongue(code)) for code in (*LANGUAGES, *also)]


def label(code: object) -> str:
    """Return the name of a member of a code list: its own `label` where it has one, else the code in plain words."""
    text = getattr(code, "label", None)
    if isinstance(text, str):
        return gettext(text)
    plain = str(code).replace("_", " ")
    return gettext(plain[:1].upper() + plain[1:])


def scheme(code: str) -> str:
    """Return the name of a scheme of priority topics, such as EMPACT 2026."""
    return code.upper().replace("-", " ")


def topic(code: str, scheme: str | None = None) -> str:
    """Return the name of a priority topic in this scheme, or in the newest scheme that has it."""
    schemes = [scheme] if scheme else sorted(PRIORITIES, reverse=True)
    known = next((each for each in schemes if code in PRIORITIES.get(each, {})), None)
    return label(code) if known is None else gettext(topic_label(known, code))
