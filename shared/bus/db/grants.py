"""Grant the role under which a service runs what it needs of each table, and no more.

A database has two roles: its owner makes and changes tables, and the service runs as the other. An attacker who has
taken over a service can then write new facts, but neither change nor remove old ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

_ALL = "SELECT, INSERT, UPDATE, DELETE"
_ADD = "SELECT, INSERT"
_SPECIAL = {
    "alembic_version": "SELECT",
    "journal": _ADD,
    "aggregate": "SELECT, INSERT, UPDATE",
    "erasure": "SELECT",
}
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


def grant(connection: Connection, role: str, insert_only: Collection[str] = ()) -> None:
    """Set what `role` may do with each table, whatever it could do before: one that was forgotten is ordinary.

    `insert_only` names tables, besides the journal, to which the service adds and in which it changes nothing. Raises
    `LookupError` where one of them is missing.
    """
    quote = connection.dialect.identifier_preparer.quote_identifier
    tables = list(connection.execute(text(_TABLES)).scalars())
    if "journal" in tables and (missing := set(insert_only) - set(tables)):
        raise LookupError(f"There is no table {', '.join(sorted(missing))} that could be insert-only.")
    for name in tables:
        may = _ADD if name in insert_only else _SPECIAL.get(name, _ALL)
        connection.execute(text(f"REVOKE ALL ON TABLE {quote(name)} FROM {quote(role)}"))
        connection.execute(text(f"GRANT {may} ON TABLE {quote(name)} TO {quote(role)}"))
    if "erasure" in tables:
        connection.execute(text(f"GRANT EXECUTE ON FUNCTION erase_payload TO {quote(role)}"))
