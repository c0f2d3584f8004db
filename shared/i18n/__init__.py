"""Keep the language of a request and translate sentences into it.

English is the source language of all texts, so it needs no catalogue. Another language is offered as soon as
`translations/<language>/LC_MESSAGES/tandem.po` exists. Catalogues are read from their `.po` file at the first use:
there is no compiled file that could be older than its source. Texts that are no pages (mails) have `Catalogues` of
their own, so that they can speak a language before all pages do.
"""

from __future__ import annotations

import gettext as stdlib_gettext
import io
import unicodedata
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "en"
# The partner countries' languages (domain.md) after English, in the order in which they are offered.
LANGUAGES = (SOURCE, "hy", "az", "be", "ka", "ro", "uk")
COOKIE = "language"
_LANGUAGE_OF = {"ARMENIAN": "hy", "GEORGIAN": "ka", "GREEK": "el"}


@dataclass(frozen=True, slots=True, eq=False)
class Catalogues:
    """The translations of one kind of texts: a `.po` file for each language, `file` its path in `folder`.

    Compared by identity: each sentence looks up its catalogue, and hashing a path each time would be slow.
    """

    folder: Path
    file: str = "{language}/LC_MESSAGES/tandem.po"

    def of(self, code: str) -> Path:
        """Return the path of a language's catalogue, whether the file exists or not."""
        return self.folder / self.file.format(language=code)


Spoken = tuple[str, Catalogues | None]
PAGES = Catalogues(Path(__file__).parent / "translations")

_language: ContextVar[str] = ContextVar("language", default=SOURCE)
_catalogues: ContextVar[Catalogues | None] = ContextVar("catalogues", default=None)  # none: those of the pages


def N_(text: str) -> str:  # noqa: N802 - the customary name by which babel finds texts that are translated later
    """Mark a text for the catalogue without translating it now."""
    return text


def language() -> str:
    """Return the ISO 639-1 code of the language of the current request (or task)."""
    return _language.get()


def spoken() -> Spoken:
    """Return the current language with its catalogues: the key of texts that were cached in it."""
    return _language.get(), _catalogues.get()


def speak(code: str, catalogues: Catalogues | None = None) -> None:
    """Set the language of the current request (or task); a language without a catalogue becomes English."""
    _catalogues.set(catalogues)
    _language.set(code if code in offered(catalogues) else SOURCE)


@contextmanager
def speaking(code: str, catalogues: Catalogues | None = None) -> Iterator[str]:
    """Set the language for the duration of a `with` block; gives the language in use."""
    before = _language.get(), _catalogues.get()
    speak(code, catalogues)
    try:
        yield language()
    finally:
        _language.set(before[0])
        _catalogues.set(before[1])


def locale() -> Locale:
    """Return the locale with which babel writes numbers, dates and names of countries."""
    return _locale(language())


@cache
def _locale(code: str) -> Locale:
    return Locale.parse("en_GB" if code == SOURCE else code)


@cache
def offered(catalogues: Catalogues | None = None) -> tuple[str, ...]:
    """Return the languages that a reader can choose: English and those with a catalogue (default: the pages')."""
    return tuple(code for code in LANGUAGES if code == SOURCE or (catalogues or PAGES).of(code).is_file())


def own_name(code: str) -> str:
    """Return a language's name in itself, for the choice of languages: `Հայերեն` for `hy`."""
    name = Locale.parse(code).get_display_name(code) or code
    return name[:1].title() + name[1:]


def language_of_script(text: str) -> str | None:
    """Return the language that is written in the script of a text; None where several are, as in Cyrillic or Latin."""
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    return _LANGUAGE_OF.get(scripts.pop()) if len(scripts) == 1 else None


def gettext(text: str) -> str:
    """Return `text` in the current language."""
    return _translations(language(), _catalogues.get()).gettext(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form of a text that fits `count`, in the current language."""
    return _translations(language(), _catalogues.get()).ngettext(singular, plural, count)


def pgettext(context: str, text: str) -> str:
    """Return `text` in the current language where one English word has two meanings."""
    return _translations(language(), _catalogues.get()).pgettext(context, text)


def npgettext(context: str, singular: str, plural: str, count: int) -> str:
    """Return `ngettext` with a context."""
    return _translations(language(), _catalogues.get()).npgettext(context, singular, plural, count)


@cache
def _translations(code: str, catalogues: Catalogues | None) -> stdlib_gettext.NullTranslations:
    if code == SOURCE:
        return stdlib_gettext.NullTranslations()
    with (catalogues or PAGES).of(code).open("rb") as source:
        catalogue = read_po(source, locale=code, domain="tandem")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return stdlib_gettext.GNUTranslations(compiled)


def number(value: float, digits: int = 0) -> str:
    """Return a number as the reader's language writes it: `1,234` in English."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - slow to import; few pages need it

    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=locale())


def percent(share: float, digits: int = 0) -> str:
    """Return a share (0 to 1) as a percentage in the reader's language, its sign apart as in all texts of the EU."""
    from babel.numbers import format_percent  # noqa: PLC0415 - as in `number`

    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0%"
    return format_percent(share, format=pattern, locale=locale())
