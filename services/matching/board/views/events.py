"""Read the events of the board's stream, with their causes and effects."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.activity import store as activity_store
from services.matching.activity.views import BoardEvent, TimelineEntry, event_view, line, topic_name
from services.matching.overview.store import board as store
from services.matching.words import Fact
from shared.contracts.runs import RunFinished
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import Reach
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

EventFilter = store.EventFilter
PAGE = 50
_CAUSES, _EFFECTS, _STORY = 10, 100, 200


class EventChain(ReadModel):
    """An event with the chain of its causes, the nearest first, and the events that it caused, the oldest first."""

    event: BoardEvent
    causes: tuple[BoardEvent, ...]
    effects: tuple[BoardEvent, ...]


@dataclass(frozen=True, slots=True)
class EventList:
    """One numbered page of the stream, and whether there are older events."""

    lines: Sequence[TimelineEntry]
    more: bool


@dataclass(frozen=True, slots=True)
class EventPage:
    """The page of one event.

    `lost` says that its cause is not to be seen, `beside` are further effects of its cause, `around` the events before
    and after it in its case. `application_id` and `run_id` are given where the reader may open their pages.
    """

    line: TimelineEntry
    reference: str | None
    facts: Sequence[Fact]
    technical: Sequence[Fact]
    causes: Sequence[TimelineEntry]
    lost: bool
    effects: Sequence[TimelineEntry]
    beside: Sequence[TimelineEntry]
    around: Sequence[TimelineEntry]
    application_id: UUID | None
    run_id: str | None


async def event_list(session: AsyncSession, within: Reach, filters: EventFilter, *, page: int) -> EventList:
    """Return one numbered page of the events, the newest first."""
    rows = await store.stream(session, within, filters, limit=PAGE + 1, skip=(page - 1) * PAGE)
    return EventList([line(event_view(row)) for row in rows[:PAGE]], len(rows) > PAGE)


async def events_page(
    session: AsyncSession, within: Reach, filters: EventFilter, request: PageRequest
) -> Page[BoardEvent]:
    """Return one page of the events, the newest first."""
    rows = await store.stream_from(session, within, filters, request)
    return page_of(rows, request, BoardEvent, event_view, lambda row: (row.at, row.id))


async def event_chain(session: AsyncSession, within: Reach, event_id: UUID) -> EventChain:
    """Return an event with its causes and effects. Raises `Refused` (404) if there is none within reach."""
    found = await _events(session, within, EventFilter(ids=[event_id]))
    if not found:
        raise Refused(gettext("This event does not exist, or you may not see it."), 404)
    (event,) = found
    chain = await activity_store.causes(session, event.cause_id, _CAUSES) if event.cause_id else []
    causes = {cause.id: cause for cause in await _events(session, within, EventFilter(ids=chain))}
    return EventChain(
        event=event,
        causes=tuple(causes[each] for each in chain if each in causes),
        effects=tuple(await _effects(session, within, event_id)),
    )


async def event_page(session: AsyncSession, within: Reach, event_id: UUID) -> EventPage:
    """Return the page of an event. Raises `Refused` (404) if there is none within reach."""
    chain = await event_chain(session, within, event_id)
    event = chain.event
    beside = await _effects(session, within, event.cause_id) if event.cause_id else []
    application = event.application_id
    opened = await store.open_to(session, within, [application] if application else [])
    story = await _events(session, within, EventFilter(application=application), limit=_STORY) if application else []
    return EventPage(
        line=line(event),
        reference=event.reference,
        facts=_facts(event),
        technical=[
            {"key": gettext("Event type"), "value": event.type},
            {"key": gettext("Event id"), "value": str(event.id)},
        ],
        causes=[line(cause) for cause in chain.causes],
        lost=event.cause_id is not None and event.cause_id not in {cause.id for cause in chain.causes},
        effects=[line(effect) for effect in chain.effects],
        beside=[line(effect) for effect in beside if effect.id != event_id],
        around=_around(story, event_id),
        application_id=application if application in opened else None,
        run_id=event.subject if event.type == RunFinished.type else None,
    )


async def _events(
    session: AsyncSession, within: Reach, filters: EventFilter, *, limit: int = 30, oldest_first: bool = False
) -> list[BoardEvent]:
    rows = await store.stream(session, within, filters, limit=limit, oldest_first=oldest_first)
    return [event_view(row) for row in rows]


async def _effects(session: AsyncSession, within: Reach, event_id: UUID) -> list[BoardEvent]:
    return await _events(session, within, EventFilter(caused_by=event_id), limit=_EFFECTS, oldest_first=True)


def _facts(event: BoardEvent) -> list[Fact]:
    facts: list[Fact] = [
        {"key": gettext("About"), "value": topic_name(event.topic)},
        {"key": gettext("Call"), "value": event.call_reference},
        {"key": gettext("Place"), "value": event.seat_reference},
    ]
    if event.by_system is not None:
        by = gettext("the system") if event.by_system else gettext("a coordinator")
        facts.append({"key": gettext("Done by"), "value": by})
    return facts


def _around(story: Sequence[BoardEvent], event_id: UUID) -> list[TimelineEntry]:
    """Return the event before and the one after it in the history of its application, the later first."""
    ids = [event.id for event in story]
    if event_id not in ids:
        return []
    at = ids.index(event_id)
    return [line(story[place]) for place in (at - 1, at + 1) if 0 <= place < len(story)]
