"""Read the parameters of a list in the API: `limit`, `cursor` and `since`.

A list is cut by the keys of its order, not by counting rows, so that a page neither repeats nor misses an item when
others are added meanwhile. `PageDep` reads the parameters, `cut` asks a query for one page of them (one row more than
shown tells whether there is a next page), and `page_of` makes the answer.
"""

# No `from __future__ import annotations` here: FastAPI reads the parameters of `page_request` at run time.
import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, Query
from pydantic import BaseModel

from shared.contracts.base import IsoMoment
from shared.errors import Refused
from shared.i18n import gettext
from shared.time.dates import EARLIEST, LATEST
from shared.web.read_models import Page

MOST = 200
LONGEST = 500
"""The most characters of a cursor."""
Row = TypeVar("Row")
Item = TypeVar("Item", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for a page of a list: at most `limit` items after the keys `after`, changed at `since` or later."""

    limit: int = 50
    after: tuple[str | int, ...] | None = None
    since: datetime | None = None


_Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")]
_Cursor = Annotated[
    str | None, Query(max_length=LONGEST, description="`next` of the page before; none for the first page.")
]


def page_request(limit: int = 50, cursor: str | None = None, since: datetime | None = None) -> PageRequest:
    """Return the page that an address asks for. Raises `Refused` (422) for a cursor that is none of ours."""
    return PageRequest(limit, None if cursor is None else keys_of(cursor), since)


async def _page(
    limit: _Limit = 50,
    cursor: _Cursor = None,
    since: Annotated[
        IsoMoment | None,
        Query(
            ge=EARLIEST,
            le=LATEST,
            description="Only what was changed then or later, such as 2026-11-28T09:00:00Z.",
        ),
    ] = None,
) -> PageRequest:
    return page_request(limit, cursor, since)


async def _page_without_since(limit: _Limit = 50, cursor: _Cursor = None) -> PageRequest:
    return page_request(limit, cursor)


PageDep = Annotated[PageRequest, Depends(_page)]
"""For a list of which an index finds what was changed at `since` or later."""
PageWithoutSinceDep = Annotated[PageRequest, Depends(_page_without_since)]
"""For a list that takes no `since`: a short one, or one put together from many tables."""


def cut(query: sa.Select[Any], keys: Sequence[Any], request: PageRequest, *, newest: bool = False) -> sa.Select[Any]:
    """Return the query in the order of the columns `keys`, which together are unique, from the cursor on.

    It gives one row more than the page shows. With `newest` the order is descending. Raises `Refused` (422) for a
    cursor that belongs to another list.
    """
    if request.after is not None:
        if len(request.after) != len(keys):
            raise not_ours()
        bound = sa.tuple_(*(_bound(key, value) for key, value in zip(keys, request.after, strict=True)))
        columns = sa.tuple_(*keys)
        query = query.where(columns < bound if newest else columns > bound)
    return query.order_by(*(key.desc() if newest else key.asc() for key in keys)).limit(request.limit + 1)


def page_of(
    rows: Sequence[Row],
    request: PageRequest,
    model: type[Item],
    view: Callable[[Row], Item],
    keys: Callable[[Row], Sequence[Any]],
) -> Page[Item]:
    """Return the page of the rows that `cut` gave: `view` makes an item of the `model`, `keys` reads a row's keys."""
    page_rows = rows[: request.limit]
    following = None if len(rows) <= request.limit else cursor_of(keys(page_rows[-1]))
    return Page[model](items=[view(row) for row in page_rows], next=following)  # type: ignore[valid-type]  # known at run time only


def cursor_of(keys: Sequence[Any]) -> str:
    """Return the cursor behind these keys: an opaque text that is safe in an address."""
    text = json.dumps([key if isinstance(key, int) else _text(key) for key in keys], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _text(key: Any) -> str:
    return key.isoformat() if isinstance(key, date) else str(key)


def keys_of(cursor: str) -> tuple[str | int, ...]:
    """Return the keys in a cursor. Raises `Refused` (422) for one that is none of ours."""
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise not_ours() from None
    if not isinstance(found, list) or not found or not all(type(key) in {str, int} for key in found):
        raise not_ours()
    return tuple(found)


def id_after(request: PageRequest) -> UUID | None:
    """Return the id behind which the page begins, for a list by id that no query cuts; None for the first page.

    Raises `Refused` (422) for a cursor that belongs to another list.
    """
    if request.after is None:
        return None
    try:
        (key,) = request.after
        return UUID(str(key))
    except ValueError:
        raise not_ours() from None


def _bound(key: Any, value: str | int) -> Any:
    """Return one value of a cursor as the column's type takes it."""
    try:
        return sa.literal(_converted(key.type, value), key.type)
    except (ValueError, OverflowError):
        raise not_ours() from None


def _converted(column: Any, value: str | int) -> Any:
    """Return the value of a cursor. Raises `ValueError` or `OverflowError` for what no such column can hold."""
    kind = column.python_type
    if kind is datetime:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(str(value))
    if kind is UUID:
        return UUID(str(value))
    if kind is int:
        # As many bytes as the store has for it.
        int(value).to_bytes(8 if isinstance(column, sa.BigInteger) else 4, signed=True)
        return int(value)
    str(value).encode()  # half of a surrogate pair has no bytes
    return str(value)


def not_ours() -> Refused:
    """Return the refusal of a cursor that belongs to another list."""
    sentence = gettext("This cursor is not from this list. Use `next` of the previous page, or leave it out.")
    return Refused(sentence, 422, {"cursor": sentence})
