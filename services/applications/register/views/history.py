"""Show what was changed in an entry of the register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from services.applications.display import TimelineEntry
from services.applications.register.store import entries
from services.applications.register.store import history as store
from services.applications.register.views import words
from shared.i18n import gettext
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.store.people import RegisterScope


class ChangedField(ReadModel):
    """One field of an entry before and after."""

    field: Annotated[str, Field(examples=["unit"])]
    before: Annotated[JsonValue, Field(description="Null if there was none.", examples=["Forensics"])]
    after: Annotated[JsonValue, Field(description="Null if there is none.", examples=["Cybercrime"])]


class EntryChange(ReadModel):
    """One change of an entry of the register."""

    id: UUID
    at: AwareDatetime
    actor: Annotated[
        str | None,
        Field(description="The sign-in name of who changed it, for programme coordinators only.", examples=["tigran"]),
    ]
    kind: Annotated[str, Field(description="What was changed: the entry, or a person's access.", examples=["person"])]
    action: Annotated[str, Field(examples=["changed"])]
    country: Annotated[str | None, Field(examples=["AM"])]
    changes: tuple[ChangedField, ...]
    proposal_id: Annotated[UUID | None, Field(description="The proposal whose approval made the change.")]


def field_changes(changes: Mapping[str, tuple[Any, Any]]) -> tuple[ChangedField, ...]:
    """Return differences (field -> before, after) as read models."""
    return tuple(ChangedField(field=name, before=before, after=after) for name, (before, after) in changes.items())


def entry_changes(rows: Iterable[store.RegisterChange], *, with_actor: bool) -> tuple[EntryChange, ...]:
    """Return the changes of an entry, in the order of the rows; with `with_actor` also who made them."""
    return tuple(
        EntryChange(
            id=row.id,
            at=row.at,
            actor=row.actor if with_actor else None,
            kind=row.kind,
            action=row.action,
            country=row.country,
            changes=field_changes(
                {name: (row.before.get(name), row.after.get(name)) for name in (row.before | row.after)}
            ),
            proposal_id=row.proposal_id,
        )
        for row in rows
    )


async def events(
    session: AsyncSession, rows: Sequence[store.RegisterChange], scope: RegisterScope, names: Mapping[str, str]
) -> list[TimelineEntry]:
    """Return the changes of an entry as a page shows them; `names` gives organisations by id.

    An actor is named to readers who may see that person.
    """
    actors = await entries.people_by_subject(session, {row.actor for row in rows})
    return [
        TimelineEntry(
            title=gettext(words.ACTIONS.get(row.action, "Changed")),
            when=row.at,
            by=_actor_name(row.actor, actors.get(row.actor), scope),
            text="; ".join(words.change_texts(row.before, row.after, names)),
        )
        for row in rows
    ]


def _actor_name(actor: str, person: entries.Person | None, scope: RegisterScope) -> str:
    if actor.startswith("system:"):
        return gettext("the person") if actor == "system:address" else gettext("the system")
    if person is not None and scope.covers(person.country, person.organisation_id):
        return person.name
    return gettext("the programme")


async def entry_events(
    session: AsyncSession, kinds: tuple[str, ...], key: UUID | str, scope: RegisterScope
) -> list[TimelineEntry]:
    """Return the changes of one entry as a page shows them, newest first; at most 200."""
    rows = await store.history(session, kinds, key)
    names = await words.organisation_names(session, [*(row.before for row in rows), *(row.after for row in rows)])
    return await events(session, rows, scope, names)
