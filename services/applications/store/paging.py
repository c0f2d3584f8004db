"""Which rows are on one page of a list?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import sqlalchemy as sa

    Query = TypeVar("Query", bound=sa.Select[*tuple[Any, ...]])

PAGE = 50


def one_page(query: Query, number: int, size: int = PAGE) -> Query:
    """Of the rows of an ordered query those of one page, from 1."""
    return query.limit(size).offset((number - 1) * size)
