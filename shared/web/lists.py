"""Show a list: counts, filters, rows to sort, page and tick, and why it is empty.

A room describes its list in a `Listing`; `list_page` renders it by the template `list.html`, or by one of the room that
extends it. The address of the list with its filters is kept until the person signs out, eight hours at most, so that
the way back from a case leads to the list as it was (`list_address` in templates).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from shared.contracts import labels
from shared.contracts.codes import COUNTRIES
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.state import identity_of
from shared.ids import read_id
from shared.web import states
from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from shared.web.states import State

PAGE = 50
"""The number of rows on one page."""
_LONGEST = 1_000
_HOURS = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and the value of `sort` that orders by it, if any."""

    name: str
    key: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads somewhere."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A cell with a box to tick: the name and value that it sends, and for whom it is, for a screen reader."""

    tick: str
    value: str
    label: str
    ticked: bool = False


Cell = Any
"""A text, Markup such as a state's tag, a number, a `Link`, a `Tick`, or None for nothing."""


@dataclass(frozen=True, slots=True)
class Count:
    """The number of rows of one kind, with the address of exactly these rows."""

    count: int
    name: str
    href: str
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of the list. With `options` (value, text) it is a choice, else an input of the type `input`.

    `always` has no choice "All"; `all` is what that choice says in place of "All".

    Raises `Refused` (422) for a value, as the address has it, that is none of its options.
    """

    name: str
    label: str
    value: str = ""
    options: Sequence[tuple[str, str]] | None = None
    always: bool = False
    all: str = ""
    input: str = "text"

    def __post_init__(self) -> None:
        """Check the value; the id of something that is not offered narrows the list to nothing."""
        if not self.value or self.options is None or read_id(self.value) is not None:
            return
        if self.value not in {value for value, _ in self.options}:
            sentence = gettext("Choose one of the answers given")
            raise Refused(sentence, 422, {self.name: sentence})


@dataclass(frozen=True, slots=True)
class Empty:
    """The reason why a list is empty, and the reader's next action: the text of a link and its address."""

    why: str
    action: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """The cursors of the pages before and after one, in a list that is cut by the keys of its order."""

    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list.

    `empty` is shown where there are no rows and no filter is used, `none_fit` where filters leave nothing. `acts` are
    the decisions on ticked rows (name, text of the button), sent to the address `decide` with `hidden` fields. `done`
    says what was just done. `live` is the address of the stream that says when the list changes, and the id of its part
    of the page. `heading` stands in place of the title where it says more; `table_title` names the table where the page
    has others, and is seen if `table_title_shown`. With `keys` the page offers keys that go through its rows.
    """

    title: str
    address: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: int
    empty: Empty
    none_fit: str = ""
    page: int = 1
    size: int = PAGE
    steps: Steps | None = None
    sort: str = ""
    intro: str = ""
    counts: Sequence[Count] = ()
    filters: Sequence[Filter] = ()
    more_filters: Sequence[Filter] = ()
    acts: Sequence[tuple[str, str]] = ()
    decide: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    tick_all: str = ""
    caption: str = ""
    back: str = ""
    back_text: str = ""
    live: tuple[str, str] | None = None
    buttons: Sequence[Link] = ()
    done: str = ""
    legend: str = ""
    legend_others: bool = False
    keys: bool = False
    heading: str = ""
    table_title: str = ""
    table_title_shown: bool = False

    def __post_init__(self) -> None:
        """Check by which column the list is sorted. Raises `Refused` (422) for one that it does not have."""
        keys = {column.key for column in self.columns if column.key}
        if keys and self.sort and self.sort.removeprefix("-") not in keys:
            sentence = gettext("Choose one of the answers given")
            raise Refused(sentence, 422, {"sort": sentence})

    @property
    def filtered(self) -> bool:
        """Return whether a filter narrows the list."""
        return any(entry.value and not entry.always for entry in (*self.filters, *self.more_filters))


def list_page(
    request: Request, listing: Listing, template: str = "list.html", status: int = 200, **more: Any
) -> Response:
    """Return the page of a list, and keep its address for the way back.

    Not kept is an address that says what was just done, or that of a form on the page that was refused.
    """
    response = render(request, template, status, listing=listing, **more)
    if listing.done or status != 200:
        return response
    address = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    if len(address) <= _LONGEST:
        cookies = identity_of(request.app).cookies
        cookies.write(response, cookies.list, quote(address, safe=""), max_age=_HOURS * 3600)
    return response


def tag(state: State) -> Markup:
    """Return a state as the tag that a cell shows."""
    return Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(state.tone, state.word)


def state_counts(kind: str, found: Mapping[str, int], address: str = "", first: Sequence[Count] = ()) -> list[Count]:
    """Return how many rows are in each state of a kind, after those in `first`; zeros are left out."""
    of_states = [
        Count(found.get(state.code, 0), state.word, f"{address}?state={state.code}", state.tone)
        for state in states.states(kind)
    ]
    return [count for count in (*first, *of_states) if count.count]


def with_country(codes: Iterable[str], value: str | None) -> list[str]:
    """Return the codes of countries, with the chosen one of the programme's countries among them."""
    return list(dict.fromkeys([*codes, *([value] if value in COUNTRIES else [])]))


def country_filter(countries: Sequence[str], value: str | None, label: str = "") -> list[Filter]:
    """Return the filter by country; none for a reader who sees one country only."""
    if len(countries) < 2:
        return []
    # A country of the programme without rows is a filter too, under which nothing is listed.
    options = labels.countries(with_country(countries, value))
    return [Filter("country", label or gettext("Country"), value or "", options)]
