"""Lock rows for a transaction, and read them again.

A module of its own, since all stores use it.

PostgreSQL returns a locked row as it is once the lock is held. SQLAlchemy keeps the values the session read before,
unless `populate_existing` is set: a decision would then rest on old values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Select

Query = TypeVar("Query", bound="Select[*tuple[Any, ...]]")


def for_update(query: Query, **how: Any) -> Query:
    """Return the query with its rows locked until the commit, and what the session holds of them refreshed.

    `how` is what `Select.with_for_update` takes, such as `skip_locked`.
    """
    return query.with_for_update(**how).execution_options(populate_existing=True)
