"""What do all pages share: the store, a state as a tag, filters and counts of a list, the rows of a page?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from markupsafe import Markup

from services.applications.tables import PAGE
from shared.contracts import labels
from shared.contracts.codes import PRIORITIES, CloseCause, PauseCause, StatedReason, topic_label
from shared.i18n import gettext
from shared.web import states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.applications.outcomes.views import Task

T = TypeVar("T")


def tag(kind: str, code: str) -> Markup:
    """A state as the tag that a table's cell shows."""
    shown = states.state(kind, code)
    return Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(shown.tone, shown.word)


def outcome_task_row(task: Task, here: str) -> dict[str, Any]:
    """How a task list shows a form of reporting: in, waited for, closed, or to be told whenever there is something.

    `here` is the address of its visit or mentorship; the way to a closed one leads to what says why it is closed.
    """
    form = f"{here}/forms/{task.purpose}"
    if not task.asked:
        said = gettext("Each session at home in which you pass on what you learnt. Nobody waits for it.")
        return {"href": form, "hint": said}
    if task.done:
        return {"href": None, "state": states.state("outcome", "submitted")}
    if task.closed:
        said = gettext("It did not come, and is no longer taken. Open it to read why, and what you can do.")
        why = f"{here}/closed-forms/{task.purpose}/{task.party}"
        return {"href": why, "state": states.state("outcome", "closed"), "hint": said}
    return {"href": form, "state": states.state("outcome", "due")}


def topic(code: str) -> str:
    """A priority topic as the newest scheme that knows it calls it."""
    scheme = next((priority for priority in sorted(PRIORITIES, reverse=True) if code in PRIORITIES[priority]), None)
    return labels.label(code) if scheme is None else gettext(topic_label(scheme, code))


def page_rows(found: Sequence[T], page: int) -> Sequence[T]:
    """The 50 of one page, from 1."""
    return found[(page - 1) * PAGE : page * PAGE]


def cause_word(code: str | None) -> str:
    """Why a placement or a profile pauses or is closed, in words; empty for nothing."""
    for codes in (PauseCause, CloseCause):
        if code in list(codes):
            return labels.label(codes(code))
    return ""


def reason_word(code: str | None) -> str:
    """A reason as a reader sees it; empty for none."""
    return "" if not code else gettext(labels.label(StatedReason(code)) if code in list(StatedReason) else code)


def country_filter(shown: Sequence[tuple[str, str]], value: str | None, label: str = "") -> list[dict[str, Any]]:
    """The filter by country; none for a reader who sees one country only."""
    if len(shown) < 2:
        return []
    return [{"name": "country", "label": label or gettext("Country"), "options": shown, "value": value}]


def state_counts(
    kind: str, found: Mapping[str, int], *first: tuple[str, int, str, str], here: str = ""
) -> list[dict[str, Any]]:
    """How many rows stand where, each count with the address of exactly its rows; what is nought is left out.

    `found`: how many are in each state of the kind. `first`: what goes before (code, count, name, tone).
    """
    of_states = [(state.code, found.get(state.code, 0), state.word, state.tone) for state in states.states(kind)]
    return [
        {"count": count, "name": name, "href": f"{here}?state={code}", "tone": tone}
        for code, count, name, tone in (*first, *of_states)
        if count
    ]
