"""In which language is a call read? The reader's, else English, else the first that it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from shared.i18n import SOURCE, language

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES: tuple[str, ...] = ("en", "hy", "az", "be", "ka", "ro", "uk", "ru")
"""In which languages a call may be written: English, those of the partner countries, and Russian."""


class Written(Protocol):
    """A text in one language."""

    @property
    def language(self) -> str:
        """ISO 639-1."""


T = TypeVar("T", bound=Written)


def best(texts: Sequence[T], wanted: str | None = None) -> T | None:
    """The text to show to somebody who reads `wanted` (None: the language of the request); None where there is none."""
    for code in (wanted or language(), SOURCE):
        found = next((text for text in texts if text.language == code), None)
        if found is not None:
            return found
    return texts[0] if texts else None


def lacking(texts: Sequence[Written]) -> tuple[str, ...]:
    """The languages in which a call could be written and is not."""
    return tuple(code for code in LANGUAGES if all(text.language != code for text in texts))
