"""Answer a form about several records of which some have changed since its page was opened.

The page of such a form carries what it shows of each record (`seen_text`), beside the versions. The answer compares
that with what is true now, each record with both versions side by side, and lets the reader choose for each. Its form
carries the present versions, so that it is accepted or answered in the same way again. Without a choice a record is
left as it is and shown again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from shared.i18n import gettext, ngettext
from shared.ids import read_id
from shared.web.forms import Difference, Form
from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from uuid import UUID

    from fastapi.responses import Response
    from starlette.requests import Request

Facts = Sequence[tuple[str, str]]
"""The fields of a record in words, each with its label."""
SEEN = "record_seen"
"""The field with what the page of a form showed of its records."""
COMPARED = "record_compared"
"""The field with what the reader saw at first of the records that a comparison asks about."""
CHOICE = "choice-"
"""Before the id of a record: the field with the reader's choice for it."""
LEAVE, DECIDE = "leave", "decide"
_LONGEST = 5000
_MOST_FACTS = 200
_ABOUT = "about_several_records"

E = TypeVar("E", bound="Callable[..., Any]")


def about_several(endpoint: E, decisions: Iterable[str] = ("",)) -> E:
    """Mark the function that answers a form about several records, with the names of its decisions, for a test."""
    setattr(endpoint, _ABOUT, tuple(decisions))
    return endpoint


def decisions_on_several(endpoint: object) -> tuple[str, ...]:
    """Return the names of the decisions on several records that a function answers; none for other functions."""
    names: tuple[str, ...] = getattr(endpoint, _ABOUT, ())
    return names


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """A record that has changed since the reader saw it.

    `differences` are the fields that differ, `same` those that do not. `sentences` say what is true of it now. `act` is
    the word for deciding on its present version, `hint` what will happen then; without `act` there is no choice. `seen`
    is what the reader saw at first.
    """

    id: UUID
    name: str
    href: str
    differences: Sequence[Difference]
    same: Facts
    sentences: Sequence[str] = ()
    act: str = ""
    hint: str = ""
    seen: Facts = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The content of the page: what was done, what has changed, and the form for the choice.

    `seen` and `versions` are those of the present, for the form. Its `button` decides on all of it at once where the
    records have no choice of their own; it is empty where there is nothing to choose. `action` is the address of the
    form, `fields` are its hidden fields, `form` is what it asks besides. `again` is the address that has something
    calculated again, with the words of its button. `done` and `left` name the other records, as `named` of the lists
    does, with `home` and `heads`.
    """

    title: str
    sentences: Sequence[str]
    changed: Sequence[ChangedRecord]
    button: str
    action: str
    back: str
    seen: str = ""
    versions: Collection[str] = ()
    fields: Sequence[tuple[str, str]] = ()
    form: Form = field(default_factory=Form)
    warning: bool = False
    again: tuple[str, str] = ("", "")
    done: Sequence[object] = ()
    left: Sequence[object] = ()
    home: str = ""
    heads: tuple[str, str] = ("", "")


def comparison_page(request: Request, comparison: Comparison) -> Response:
    """Return the page with both versions of the records that have changed (409)."""
    open_choices = seen_text({each.id: each.seen for each in comparison.changed if each.act})
    return render(request, "several.html", 409, comparison=comparison, open_choices=open_choices)


def compared(
    id_: UUID,
    name: str,
    seen: Facts | None,
    present: Facts | None,
    *,
    href: str = "",
    sentences: Iterable[str] = (),
    act: str = "",
    hint: str = "",
) -> ChangedRecord:
    """Return a record with what the reader saw of it beside what is true now; None where that is not known."""
    then, now = dict(seen or ()), dict(present or ())
    labels = dict.fromkeys((*now, *then))
    pairs = [Difference(label, then.get(label, ""), now.get(label, "")) for label in labels]
    same = [(each.label, each.saved) for each in pairs if each.written == each.saved]
    differences = [each for each in pairs if each.written != each.saved]
    said = list(filter(None, sentences))
    # "It is now “Cancelled”." says nothing beside "It is now “Cancelled”, so nobody needs to clear it."
    said = [each for each in said if not any(other.startswith(each.rstrip(".") + ",") for other in said)]
    if not differences:
        said.append(gettext("The change is in something that this page does not show. Open it to read all of it."))
    return ChangedRecord(id_, name, href, differences, same, said, act, hint, tuple(seen or ()))


def changed_sentence(count: int) -> str:
    """Return the sentence that so many records have changed and were left."""
    return ngettext(
        "%(num)d entry has changed since you opened the page. We left it as it is.",
        "%(num)d entries have changed since you opened the page. We left them as they are.",
        count,
    ) % {"num": count}


def seen_text(facts: Mapping[UUID, Facts]) -> str:
    """Return what a page shows of its records, as the text of the field `SEEN`."""
    return json.dumps({str(id_): list(of_record) for id_, of_record in facts.items()}, separators=(",", ":"))


async def seen_by_reader(request: Request) -> dict[UUID, Facts]:
    """Return what the page of this form showed of its records, as far as that can be read."""
    return await _facts_in(request, SEEN)


async def _facts_in(request: Request, name: str) -> dict[UUID, Facts]:
    found: dict[UUID, Facts] = {}
    for text in (await request.form()).getlist(name):
        try:
            content = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            continue
        for id_name, facts in content.items() if isinstance(content, dict) else ():
            if (id_ := read_id(id_name)) is not None:
                found[id_] = list(_facts(facts))
    return found


def _facts(facts: object) -> Iterator[tuple[str, str]]:
    for each in facts[:_MOST_FACTS] if isinstance(facts, list) else ():
        if isinstance(each, list) and [type(part) for part in each] == [str, str] and _is_text("".join(each)):
            yield each[0][:_LONGEST], each[1][:_LONGEST]


def _is_text(text: str) -> bool:
    """Return whether a text can be shown: half of a pair of surrogates cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


async def left_by_choice(request: Request) -> set[UUID]:
    """Return the records that the reader has chosen to leave as they are."""
    chosen = [(name, value) for name, value in (await request.form()).multi_items() if name.startswith(CHOICE)]
    ids = (read_id(name.removeprefix(CHOICE)) for name, value in chosen if value != DECIDE)
    return {id_ for id_ in ids if id_ is not None}


async def without_choice(request: Request) -> dict[UUID, Facts]:
    """Return the records of a comparison for which its form says no choice, with what the reader saw at first."""
    names = [name.removeprefix(CHOICE) for name in await request.form() if name.startswith(CHOICE)]
    chosen = {read_id(name) for name in names}
    return {id_: facts for id_, facts in (await _facts_in(request, COMPARED)).items() if id_ not in chosen}
