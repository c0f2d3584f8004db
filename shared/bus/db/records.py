"""Define the records that people change, and the version of each.

A record is a row, with the rows of other tables that its page shows with it. Its version is a digest of their
content: it changes with each change, by a person or by an event, and with nothing else. `transaction.py` compares the
version that the sender of a request read with the present one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from shared.bus.db.outdated import Outdated, present_in_words
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import read_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.sql.selectable import NamedFromClause

_DIGITS = 24
_NAME_DIGITS = 8
NO_ROW = "0"
_LONGEST_NUMBER = 9
_CHANGED = ProblemCode.EDIT_CONFLICT
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of another table that belong to a record: those whose `column` equals the record's column `of`."""

    table: type
    column: str
    of: str = "id"


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of record: the table of its rows (mostly one), the column that names it, its other rows, what is left out.

    A record that no address names may have several columns as its `key`, and a name for each. Left out is what no
    reader sees, such as notes of a worker. With `column`, a record is one section of the row: those keys of this JSON
    column that `keys` returns for the section, and nothing else. `state` is the state in which people see it, by its
    row, and `state_word` the word for it in the reader's language; a record without states has `changed`, the moment of
    its last change. A refusal of an older version says them; TypeError is raised for a record that knows neither.
    """

    table: type
    key: str | tuple[str, ...] = "id"
    parts: Sequence[Part] = ()
    leaving_out: Collection[str] = ()
    column: str = ""
    keys: Callable[[str], Collection[str] | None] | None = None
    state: sa.SQLColumnExpression[str] | None = field(default=None, compare=False)
    state_word: Callable[[str], str] | None = None
    changed: sa.SQLColumnExpression[Any] | None = field(default=None, compare=False)
    _digests: dict[tuple[str, ...] | None, sa.ColumnElement[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _queries: dict[str | tuple[str, ...] | None, sa.Select[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Made once for all requests: to make one, or to find that a new one was compiled before, costs more than it."""

    def __post_init__(self) -> None:
        """Refuse a record of which nobody could be told what it is now."""
        if (self.state is None or self.state_word is None) and self.changed is None:
            raise TypeError(f"{self.table.__name__} needs a state with a word for it, or the moment of its last change")

    def read(self, text: str) -> object | None:
        """Return the name that stands in an address; None for a text that names no record of this kind."""
        python_type = self._column.type.python_type
        if python_type is UUID:
            return read_id(text)
        if python_type is int:
            return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None
        return text

    def named(self, name: object) -> dict[str, object]:
        """Return the parameters by which `lock` and `digest` find the record of that name."""
        keys = (self.key,) if isinstance(self.key, str) else self.key
        names = (name,) if isinstance(self.key, str) else name
        assert isinstance(names, tuple)
        return dict(zip(keys, names, strict=True))

    @property
    def lock(self) -> sa.Select[tuple[int]]:
        """The query that locks the row of a record until the commit."""
        if _LOCK not in self._queries:
            row: sa.Select[Any] = sa.select(sa.literal_column("1")).where(*self._bound)
            self._queries[_LOCK] = row.select_from(_table(self.table)).with_for_update()
        return self._queries[_LOCK]

    def digest(self, section: str = "") -> sa.Select[tuple[str]]:
        """Return the query for the digest of a record's content; no row where there is no such record."""
        keys = self._keys(section)
        if keys not in self._queries:
            digest = sa.select(self._digest(section)).where(*self._bound)
            self._queries[keys] = digest.group_by(*self._columns)
        return self._queries[keys]

    def digest_of(self, name: object, section: str = "") -> sa.ScalarSelect[str]:
        """Return the same for the record of that name, as a part of another query."""
        query = sa.select(self._digest(section)).where(self._is(name)).group_by(*self._columns)
        return query.scalar_subquery()

    def digests(self, names: Collection[object], section: str = "") -> sa.Select[tuple[Any, str]]:
        """Return the query for the names of several records and the digests of their contents."""
        column = self._column
        return sa.select(column, self._digest(section)).where(column.in_(names)).group_by(column)

    def present(self, name: object) -> sa.Select[Any]:
        """Return the query for its state and the moment of its last change, of which it may have only one."""
        return sa.select(*self._present_columns).where(self._is(name)).select_from(_table(self.table))

    def presents(self, names: Collection[object]) -> sa.Select[Any]:
        """Return the query for the names of several records, their states, and the moments of their last changes."""
        return sa.select(self._column, *self._present_columns).where(self._column.in_(names))

    @property
    def _present_columns(self) -> tuple[sa.SQLColumnExpression[Any], ...]:
        return tuple(sa.null() if each is None else each for each in (self.state, self.changed))

    @property
    def _columns(self) -> list[sa.Column[Any]]:
        keys = (self.key,) if isinstance(self.key, str) else self.key
        return [_table(self.table).c[key] for key in keys]

    @property
    def _column(self) -> sa.Column[Any]:
        (column,) = self._columns
        return column

    @property
    def _bound(self) -> list[sa.ColumnElement[bool]]:
        return [column == sa.bindparam(column.name, type_=column.type) for column in self._columns]

    def _is(self, name: object) -> sa.ColumnElement[bool]:
        named = self.named(name)
        return sa.and_(*(column == named[column.name] for column in self._columns))

    def _keys(self, section: str) -> tuple[str, ...] | None:
        return None if self.keys is None else tuple(sorted(self.keys(section) or ()))

    def _digest(self, section: str) -> sa.ColumnElement[Any]:
        """Return the expression of the digest, made once for all requests: making it costs more than the query."""
        keys = self._keys(section)
        if keys not in self._digests:
            self._digests[keys] = self._new_digest(keys)
        return self._digests[keys]

    def _new_digest(self, keys: tuple[str, ...] | None) -> sa.ColumnElement[Any]:
        own = self._content() if keys is None else self._section(keys)
        content: sa.ColumnElement[Any] = sa.func.jsonb_build_array(own, *(self._rows(part) for part in self.parts))
        rows = sa.func.jsonb_agg(aggregate_order_by(content, sa.cast(content, sa.Text)))
        octets = sa.func.convert_to(sa.cast(rows, sa.Text), "UTF8")
        return sa.func.left(sa.func.encode(sa.func.sha256(octets), "hex"), _DIGITS)

    def _content(self) -> sa.ColumnElement[Any]:
        row: sa.ColumnElement[Any] = sa.func.to_jsonb(_row(_table(self.table)))
        return row.op("-")(sa.cast(sorted(self.leaving_out), sa.ARRAY(sa.Text))) if self.leaving_out else row

    def _section(self, keys: Sequence[str]) -> sa.ColumnElement[Any]:
        column = _table(self.table).c[self.column]
        return sa.func.jsonb_build_array(*(column[key] for key in keys))

    def _rows(self, part: Part) -> sa.ScalarSelect[Any]:
        other = _table(part.table).alias()
        whole: sa.ColumnElement[Any] = sa.func.to_jsonb(_row(other))
        rows = sa.func.jsonb_agg(aggregate_order_by(whole, sa.cast(whole, sa.Text)))
        return sa.select(rows).where(other.c[part.column] == _table(self.table).c[part.of]).scalar_subquery()


def _table(mapped: type) -> sa.Table:
    table: sa.Table = mapped.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
    return table


def _row(table: NamedFromClause) -> sa.ColumnElement[Any]:
    """Return the whole row of a table in a query."""
    row: sa.ColumnElement[Any] = table.table_valued()
    return row


Query = tuple[sa.Select[Any], dict[str, object]]
"""A query with its parameters."""


@dataclass(frozen=True, slots=True)
class Named:
    """One record that an address names, with the queries for it.

    All its versions begin with `prefix`, so that those of other records differ from older ones of this.
    """

    prefix: str
    record: Record = field(compare=False)
    name: object = field(compare=False)
    section: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """The word for its kind in versions."""
        return self.prefix.partition(".")[0]

    def version(self, digest: str | None) -> str:
        """Return its version with that content; None where it has no row, or none yet."""
        return f"{self.prefix}{digest or NO_ROW}"

    @property
    def lock(self) -> Query:
        """The query that locks its row until the commit."""
        return self.record.lock, self.record.named(self.name)

    @property
    def digest(self) -> Query:
        """The query for the digest of its content."""
        return self.record.digest(self.section), self.record.named(self.name)

    def in_words(self, state: str | None) -> str:
        """Return the word for its state; empty where it has none."""
        word = self.record.state_word
        return "" if state is None or word is None else word(state)


def named(record: Record, kind: str, name: object, section: str = "") -> Named:
    """Return a record by its name; `kind` is the word for its kind in versions."""
    digits = hashlib.sha256(f"{name}/{section}".encode()).hexdigest()[:_NAME_DIGITS]
    return Named(f"{kind}.{digits}.", record, name, section)


async def versions_of(session: AsyncSession, records: Sequence[Named]) -> list[str | None]:
    """Return the present versions of several records, at least one; None for each that does not exist."""
    if len(records) == 1:
        row = [await session.scalar(*records[0].digest)]
    else:
        digests = (each.record.digest_of(each.name, each.section) for each in records)
        row = list((await session.execute(sa.select(*digests))).one())
    return [None if digest is None else f"{record.prefix}{digest}" for record, digest in zip(records, row, strict=True)]


async def version_of(session: AsyncSession, record: Named) -> str:
    """Return the record's present version."""
    return record.version(await session.scalar(*record.digest))


async def versions_by_record(session: AsyncSession, records: Collection[Named]) -> dict[Named, str]:
    """Return the present versions of the records, with one query for each kind of record."""
    kinds: dict[tuple[int, str], list[Named]] = {}
    for each in records:
        kinds.setdefault((id(each.record), each.section), []).append(each)
    found: dict[Named, str] = {}
    for alike in kinds.values():
        rows = await session.execute(alike[0].record.digests([each.name for each in alike], alike[0].section))
        digests: dict[object, str] = {row[0]: row[1] for row in rows}
        found |= {each: each.version(digests.get(each.name)) for each in alike}
    return found


async def present_by_record(session: AsyncSession, records: Collection[Named]) -> dict[Named, str]:
    """Return what the records are now in words, with one query for each kind; none for those that are not there."""
    kinds: dict[int, list[Named]] = {}
    for each in records:
        kinds.setdefault(id(each.record), []).append(each)
    found: dict[Named, str] = {}
    for alike in kinds.values():
        rows = await session.execute(alike[0].record.presents([each.name for each in alike]))
        known = {row[0]: (row[1], row[2]) for row in rows}
        found |= {
            each: present_in_words(each.in_words(known[each.name][0]), known[each.name][1])
            for each in alike
            if each.name in known
        }
    return found


@dataclass(frozen=True, slots=True)
class Changes:
    """The records that are not as somebody read them, among several, with their present versions.

    `sentences` say what each is now. `unnamed` are the places in the body at which versions were to stand and do not.
    """

    present: Mapping[UUID, str] = field(default_factory=dict)
    unnamed: Mapping[UUID, str] = field(default_factory=dict)
    sentences: Mapping[UUID, str] = field(default_factory=dict)

    def has(self, id_: UUID) -> bool:
        """Return whether a record is not as it was read. Raises `Outdated` (428) if some are named without version."""
        if id_ in self.present and self.unnamed:
            raise Outdated(named=False, places={place: self.present[each] for each, place in self.unnamed.items()})
        return id_ in self.present


@dataclass(frozen=True, slots=True)
class ReadVersions:
    """Several records of one kind by their ids, and the versions in which somebody read them.

    `places` are the JSON pointers to the versions in the body of a program, none for a form.
    """

    records: Mapping[UUID, Named]
    versions: Collection[str]
    places: Mapping[UUID, str] = field(default_factory=dict)

    async def changes(self, session: AsyncSession, ids: Collection[UUID] | None = None) -> Changes:
        """Return which of the records (of those with `ids`), which the caller has locked, are not as they were read."""
        looked_at = {id_: each for id_, each in self.records.items() if ids is None or id_ in ids}
        present = await versions_by_record(session, looked_at.values())
        changed = {id_: present[each] for id_, each in looked_at.items() if present[each] not in self.versions}
        words = await present_by_record(session, [looked_at[id_] for id_ in changed]) if changed else {}
        return Changes(
            changed,
            {id_: self.places[id_] for id_ in changed if id_ in self.places and not self._named(id_)},
            {id_: words.get(looked_at[id_], "") for id_ in changed},
        )

    def _named(self, id_: UUID) -> bool:
        return any(version.startswith(self.records[id_].prefix) for version in self.versions)

    async def check(self, session: AsyncSession) -> None:
        """Raise `Outdated` (412, 428) unless all of the records, which the caller has locked, are as they were read.

        For a form, raise `Refused` (409).
        """
        changes = await self.changes(session)
        for id_ in changes.present:
            changes.has(id_)
        if changes.present and not self.places:
            raise Refused(gettext("This has changed since you opened the page. Check it again."), code=_CHANGED)
        if changes.present:
            raise Outdated(
                places={self.places[id_]: version for id_, version in changes.present.items()},
                sentences={self.places[id_]: sentence for id_, sentence in changes.sentences.items()},
            )
