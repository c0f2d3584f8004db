"""Pages of a list in the API: their cursors, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.web.paging import PageRequest, cursor_of, cut, id_after, page_of, page_request
from shared.web.read_models import ReadModel

_TABLE = sa.table("items", sa.column("day", sa.Date), sa.column("id", sa.Uuid))


class Item(ReadModel):
    """An item of a list."""

    number: int


@given(st.lists(st.integers(0, 1000), max_size=30, unique=True), st.integers(1, 7))
def test_the_pages_together_are_the_list(numbers: list[int], limit: int) -> None:
    """Following `next` from page to page gives each item once, in the order of the list."""
    rows, found, cursor = sorted(numbers), [], None
    while True:
        request = page_request(limit, cursor)
        rest = [row for row in rows if request.after is None or row > int(request.after[0])]
        page = page_of(rest[: limit + 1], request, Item, lambda row: Item(number=row), lambda row: (row,))
        found += [item.number for item in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert found == rows


def test_a_cursor_becomes_values_of_the_columns() -> None:
    """Dates and ids of a cursor are compared as dates and ids."""
    key = UUID("01900000-0000-7000-8000-000000000001")
    request = page_request(10, cursor_of((date(2026, 11, 28), key)))
    compiled = cut(sa.select(_TABLE), (_TABLE.c.day, _TABLE.c.id), request).compile()
    assert {date(2026, 11, 28), key} <= set(compiled.params.values())


@pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA", "W10", "W251bGxd", "WzEsMl0", "8J-YgA"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    """A text that is not a cursor of this list gets 422 at the field `cursor`."""
    with pytest.raises(Refused) as refused:
        cut(sa.select(_TABLE), (_TABLE.c.day, _TABLE.c.id), page_request(10, cursor))
    assert refused.value.status_code == 422
    assert "cursor" in refused.value.fields


_KEYS = sa.table(
    "keys",
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("name", sa.Text),
    sa.column("position", sa.BigInteger),
    sa.column("number", sa.Integer),
)


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", "9999-12-31T23:59:59-14:00"),
        ("at", "2026-11-28T09:00:00"),
        ("name", "\ud800"),
        ("position", 2**63),
        ("number", 2**31),
    ],
)
def test_values_that_no_column_can_have_are_no_cursor(column: str, key: str | int) -> None:
    """A moment without offset or beyond the calendar, half a character, and too large a number get 422, not 500."""
    with pytest.raises(Refused) as refused:
        cut(sa.select(_KEYS), (_KEYS.c[column],), page_request(10, cursor_of((key,))))
    assert refused.value.status_code == 422


@pytest.mark.parametrize(
    ("column", "key"),
    [("at", datetime(2026, 11, 28, tzinfo=UTC)), ("name", "Łódź"), ("position", 2**63 - 1), ("number", -(2**31))],
)
def test_values_of_columns_are_a_cursor(column: str, key: Any) -> None:
    """The keys of a row come back from the cursor as they were."""
    compiled = cut(sa.select(_KEYS), (_KEYS.c[column],), page_request(10, cursor_of((key,)))).compile()
    assert key in compiled.params.values()


@pytest.mark.parametrize("keys", [(1,), ("x",), (str(UUID(int=1)), "more")])
def test_a_list_that_no_query_cuts_refuses_the_same_cursors(keys: tuple[str | int, ...]) -> None:
    """Only the id of an item is the cursor of a list by id."""
    assert id_after(PageRequest()) is None
    assert id_after(PageRequest(after=(str(UUID(int=1)),))) == UUID(int=1)
    with pytest.raises(Refused):
        id_after(PageRequest(after=keys))


def test_the_schema_of_a_page_has_a_name_to_read() -> None:
    """A page of items is called `ItemPage` in the description of the API."""
    page = page_of([1], PageRequest(since=datetime.now(UTC)), Item, lambda row: Item(number=row), lambda row: (row,))
    assert type(page).__name__ == "ItemPage"
