"""Choose the language in which a call is read: the reader's, else English, else the first available."""

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
    """Return the text for a reader of `wanted` (None: the language of the request); None where there is none."""
    for code in (wanted or language(), SOURCE):
        found = next((text for text in texts if text.language == code), None)
        if found is not None:
            return found
    return texts[0] if texts else None


def missing_languages(texts: Sequence[Written]) -> tuple[str, ...]:
    """Return the languages in which a call could be written and is not."""
    return tuple(code for code in LANGUAGES if all(text.language != code for text in texts))
