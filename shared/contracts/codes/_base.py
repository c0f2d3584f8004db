"""Define a code: a word that stands in events, with a plain English label for people.

Below the code lists, which all import it.
"""

from enum import StrEnum
from typing import Self


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later", which its extractor looks for
    """Mark a text for the extraction of translations; the page translates it when it is shown."""
    return text


class Code(StrEnum):
    """One entry of a code list: its value stands in events, its label is shown."""

    label: str
    """The label in plain English, to be translated where it is shown."""

    def __new__(cls, value: str, label: str = "") -> Self:
        """Take the code and its label in plain English (a default, since looking a code up gives its value only)."""
        entry = str.__new__(cls, value)
        entry._value_ = value
        entry.label = label
        return entry
