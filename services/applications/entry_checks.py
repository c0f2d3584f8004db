"""Declare the rules between the fields of an entry, which its form, the API and its submission share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol

from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

UNANSWERED: tuple[Any, ...] = (None, "", ())
"""The values of a field without an answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule between fields of an entry, or between fields and what the entry must fit: a call, or the register.

    `fields` are those that it looks at; its error belongs to the first of them, or to the form if there are none.
    Once all of them are answered, `broken` takes their values and what the entry must fit. It returns true where the
    rule is broken, or the values that `text` names.
    """

    fields: tuple[str, ...]
    text: str
    broken: Callable[..., bool | Mapping[str, object]]

    @property
    def place(self) -> str:
        """The field at which the error is shown."""
        return self.fields[0] if self.fields else "form"

    def error(self, entry: object, context: object) -> str | None:
        """Return the error of an entry in the reader's language; None where the rule is met, or not judged yet."""
        return self.error_of([reduce(getattr, name.split("."), entry) for name in self.fields], context)

    def error_of(self, values: list[Any], context: object) -> str | None:
        """Return the error of these values of its fields, as `error` does."""
        if any(value in UNANSWERED for value in values):
            return None
        broken = self.broken(*values, context)
        if broken is False:
            return None
        return gettext(self.text) % ({} if broken is True else broken)


def first_errors(checks: tuple[Check, ...], entry: object, context: object) -> dict[str, str]:
    """Return the first error of each field of an entry, in the order of the checks."""
    found: dict[str, str] = {}
    for check in checks:
        if check.place not in found and (error := check.error(entry, context)) is not None:
            found[check.place] = error
    return found


class Period(Protocol):
    """A period from the first to the last day."""

    @property
    def start(self) -> date:
        """The first day."""

    @property
    def end(self) -> date:
        """The last day."""


DAYS_IN_ORDER = N_("The last day must not be before the first")


def periods_reversed(periods: Iterable[Period], _: object) -> bool:
    """Return whether a period ends before it starts, as a check does."""
    return any(period.end < period.start for period in periods)
