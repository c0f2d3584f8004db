"""Parts that many pages share: state tags, rows of summaries and task lists, words for codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from markupsafe import Markup

from services.applications.fields import fields_of, value_in_words
from services.applications.tables import PAGE
from shared.contracts import labels
from shared.contracts.codes import CloseCause, PauseCause, StatedReason
from shared.i18n import gettext
from shared.web import states

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pydantic import BaseModel

    from services.applications.fields import Reading
    from services.applications.outcomes.views import Task
    from shared.web.states import State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A row of a summary list; `change` is the address at which the value is changed."""

    key: str
    value: Any
    change: str | None = None
    change_text: str = ""


def entry_rows(entry: BaseModel, names: Iterable[str], reading: Reading) -> list[SummaryRow]:
    """Return these fields of an entry as the rows of a summary list."""
    specs = fields_of(type(entry))
    return [SummaryRow(specs[name].heading, value_in_words(entry, name, reading) or None) for name in names]


def entry_changes(
    before: BaseModel, after: BaseModel, names: Sequence[str], reading: Reading
) -> list[tuple[str, str | None, str | None]]:
    """Return the heading, the old and the new value of each of these fields."""
    old, new = (entry_rows(entry, names, reading) for entry in (before, after))
    return [(row.key, row.value, changed.value) for row, changed in zip(old, new, strict=True)]


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A row of a task list: where it leads, and how far it is, as a state or in words."""

    title: str
    href: str | None = None
    hint: str = ""
    status: str = ""
    state: State | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event of a history: what, when, by whom; `state` where it ends the case."""

    title: str
    when: datetime
    by: str = ""
    text: str | None = None
    state: State | None = None
    link: str | None = None


def tag(kind: str, code: str) -> Markup:
    """Return a state as the tag that a table cell shows."""
    entry = states.state(kind, code)
    return Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(entry.tone, entry.word)


def outcome_row(task: Task, address: str, title: str, hint: str = "") -> TaskRow:
    """Return a form of reporting as a row of a task list: submitted, due, closed, or open at any time.

    `address` is the address of its visit or mentorship; the row of a closed form leads to the reason why it is closed.
    `hint` is shown where its state has none of its own.
    """
    form = f"{address}/forms/{task.purpose}"
    if not task.awaited:
        hint = gettext(
            "Add each training session at home in which you pass on what you learnt. Nobody is waiting for it."
        )
        return TaskRow(title, form, hint)
    if task.done:
        return TaskRow(title, None, hint, state=states.state("outcome", "submitted"))
    if task.closed:
        hint = gettext("It was not received and is no longer accepted. Open it to see why, and what you can do.")
        reason_address = f"{address}/closed-forms/{task.purpose}/{task.party}"
        return TaskRow(title, reason_address, hint, state=states.state("outcome", "closed"))
    return TaskRow(title, form, hint, state=states.state("outcome", "due"))


def page_rows(found: Sequence[T], page: int) -> Sequence[T]:
    """Return the 50 rows of one page, counted from 1."""
    return found[(page - 1) * PAGE : page * PAGE]


def cause_word(code: str | None) -> str:
    """Return why a placement or a profile is paused or closed, in words; empty for None."""
    for codes in (PauseCause, CloseCause):
        if code in list(codes):
            return labels.label(codes(code))
    return ""


def reason_word(code: str | None) -> str:
    """Return a reason in words; empty for None."""
    return "" if not code else gettext(labels.label(StatedReason(code)) if code in list(StatedReason) else code)
