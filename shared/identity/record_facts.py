"""Say in words what a record is, for a form that compares what its page showed with what is true now.

A service lists the facts of its kinds of records (`Records.facts`). Each kind has its state or the moment of its last
change besides. Facts are for the reader at hand: what a role may not see is not among them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import N_, gettext
from shared.identity.access import grants_of
from shared.time import clock, dates

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.records import Named
    from shared.identity.principal import Principal

Facts = Sequence[tuple[str, str]]
"""The facts of a record in words, each with its label."""
FactsReader = Callable[["AsyncSession", "Principal | None", Collection[Any]], Awaitable[Mapping[Any, Facts]]]
"""Returns the facts of several records of a kind by their names, as that reader may see them."""
LastChange = Callable[[Any], sa.Select[Any, Any]]
"""Returns the query for who changed a record last and when, by its name."""
_JOURNAL = sa.table(
    "journal",
    *map(sa.column, ("aggregatetype", "aggregateid", "sequence", "type", "actor", "occurred_at")),
)


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """The facts of a kind of record: the word for it (marked with `N_`), its facts, and who changed it last."""

    name: str
    read: FactsReader | None = None
    last: LastChange | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column whose value is a fact: its label (marked with `N_`), and for whom; empty for every reader of the page.

    `word` returns a value in words, where that is more than a code, a day, a moment or a number.
    """

    label: str
    column: Any
    word: Callable[[Any], str] | None = None
    roles: Collection[Role] = ()

    def admits(self, reader: Principal | None) -> bool:
        """Return whether the reader may see it."""
        return not self.roles or (reader is not None and any(map(reader.has, self.roles)))


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Reads the facts that are columns of the rows which `key` names.

    Where a record has several rows, the one with the highest value in the column `newest` counts.
    """

    key: Any
    shown: Sequence[Column]
    newest: Any = None

    async def __call__(
        self, session: AsyncSession, reader: Principal | None, names: Collection[Any]
    ) -> dict[Any, Facts]:
        """Return the facts of several records by their names, as that reader may see them."""
        seen = [each for each in self.shown if each.admits(reader)]
        query = sa.select(self.key, *(each.column.label(f"fact_{place}") for place, each in enumerate(seen)))
        query = query.where(self.key.in_(names))
        rows = await session.execute(query if self.newest is None else query.order_by(self.newest))
        return {
            row[0]: [
                (gettext(each.label), in_words(value) if each.word is None or value is None else each.word(value))
                for each, value in zip(seen, row[1:], strict=True)
            ]
            for row in rows
        }


def columns(key: Any, *shown: Column, newest: Any = None) -> ColumnFacts:
    """Return the reader of facts that are columns of the rows which `key` names."""
    return ColumnFacts(key, shown, newest)


def newest(value: Any, of: Any, key: Any, *order: Any) -> Any:
    """Return the column with a value of the newest row of another table whose column `of` equals `key`."""
    rows = sa.select(value).where(of == key).order_by(*(each.desc() for each in order))
    return rows.limit(1).scalar_subquery()


def latest(of: Any, key: Any, *moments: Any) -> Any:
    """Return the column with the latest of some moments in the rows of another table whose column `of` equals `key`."""
    return sa.select(sa.func.max(sa.func.greatest(*moments))).where(of == key).scalar_subquery()


def number(of: Any, key: Any, *conditions: Any) -> Any:
    """Return the column with how many rows of another table have `key` in their column `of`."""
    return sa.select(sa.func.count()).where(of == key, *conditions).scalar_subquery()


def journal(topic: str, *, subject: tuple[Any, Any] | None = None, leaving_out: Collection[str] = ()) -> LastChange:
    """Return the query for the newest fact of a topic about a record, without some types of events.

    `subject` are the column with the subject in the journal and the one that names the record, where that is another.
    """
    entry = _JOURNAL.c

    def last(name: Any) -> sa.Select[Any, Any]:
        about: Any = sa.literal(str(name))
        if subject is not None:
            column, key = subject
            about = sa.select(sa.cast(column, sa.Text)).where(key == name).limit(1).scalar_subquery()
        query = sa.select(entry.actor, entry.occurred_at).where(
            entry.aggregatetype == topic, entry.aggregateid == about, entry.type.not_in(leaving_out)
        )
        return query.order_by(entry.sequence.desc()).limit(1)

    return last


def actors(key: Any, *pairs: tuple[Any, Any]) -> LastChange:
    """Return the query for the newest of some changes of a record, each the columns with its actor and moment."""

    def last(name: Any) -> sa.Select[Any, Any]:
        each = [sa.select(actor.label("actor"), at.label("at")).where(key == name) for actor, at in pairs]
        rows = sa.union_all(*each).subquery()
        return sa.select(rows.c.actor, rows.c.at).where(rows.c.at.is_not(None)).order_by(rows.c.at.desc()).limit(1)

    return last


def newest_of(*changes: LastChange) -> LastChange:
    """Return the query for the newest row that several queries find."""

    def last(name: Any) -> sa.Select[Any, Any]:
        rows = sa.union_all(*(sa.select(*change(name).subquery().c) for change in changes)).subquery()
        actor, at = rows.c
        return sa.select(actor, at).order_by(at.desc()).limit(1)

    return last


def in_words(value: object) -> str:
    """Return a value in words."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return dates.moment(value)
    if isinstance(value, date):
        return dates.day(value)
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, map(in_words, value)))
    return "" if value is None else str(value)


async def facts_by_record(
    session: AsyncSession, facts: Mapping[str, RecordFacts], reader: Principal | None, records: Collection[Named]
) -> dict[Named, list[tuple[str, str]]]:
    """Return the facts of records in words, with some queries for each kind."""
    kinds: dict[str, list[Named]] = {}
    for each in records:
        kinds.setdefault(each.kind, []).append(each)
    found: dict[Named, list[tuple[str, str]]] = {}
    for kind, alike in kinds.items():
        names = [each.name for each in alike]
        rows = await session.execute(alike[0].record.presents(names))
        present = {row[0]: (row[1], row[2]) for row in rows}
        of_kind = facts.get(kind)
        more = {} if of_kind is None or of_kind.read is None else await of_kind.read(session, reader, names)
        for each in alike:
            own = (
                _state(each.in_words(present[each.name][0]), present[each.name][1])
                if each.name in present
                else _none(each)
            )
            found[each] = [*own, *more.get(each.name, ())]
    return found


def _none(record: Named) -> list[tuple[str, str]]:
    """Return the facts of a record of which nothing is stored yet."""
    if record.record.state is None:
        return [(gettext("Last changed"), gettext("Never"))]
    return [(gettext("Status"), gettext("Nothing saved yet"))]


def _state(word: str, changed: datetime | None) -> list[tuple[str, str]]:
    own = [(gettext("Status"), word)] if word else []
    return own if changed is None else [*own, (gettext("Last changed"), dates.moment(changed))]


async def last_change(
    session: AsyncSession, facts: Mapping[str, RecordFacts], reader: Principal | None, record: Named
) -> tuple[str, datetime] | None:
    """Return who changed a record last, as a role, and when; None where that is not known."""
    of_kind = facts.get(record.kind)
    if of_kind is None or of_kind.last is None:
        return None
    row = (await session.execute(of_kind.last(record.name))).first()
    if row is None:
        return None
    actor, at = row
    return None if actor is None or at is None else (await _who(session, reader, actor), at)


async def _who(session: AsyncSession, reader: Principal | None, actor: str) -> str:
    """Return who acts in words: pages name roles, not people."""
    if reader is not None and actor == reader.subject:
        return gettext("You")
    if actor.startswith("system:"):
        return gettext("Tandem")
    today = clock.today()
    grants = [grant for grant in await grants_of(session, actor) if grant.active(today)]
    for role in _OFFICES:
        for grant in grants:
            if grant.role is role:
                return labels.coordinator(grant.country) if role in _COUNTRIES and grant.country else labels.role(role)
    return gettext(_SOMEBODY)


_COUNTRIES = {Role.NATIONAL_COORDINATOR}
_OFFICES = (
    Role.PROGRAMME_COORDINATOR,
    Role.NATIONAL_COORDINATOR,
    Role.CLEARANCE_OFFICER,
    Role.HOST_CONTACT,
    Role.MENTOR,
    Role.OFFICER,
    Role.EVALUATOR,
    Role.DONOR,
    Role.ANASPOC,
    Role.DATA_PROTECTION_OFFICER,
    Role.AUDITOR,
)
"""The roles, those that decide before others: somebody may have several."""
_SOMEBODY = N_("Somebody else")
