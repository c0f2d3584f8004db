"""Read why coordinators assigned places manually: for those who decide on the case."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.store.applications import Application
from services.applications.display import TimelineEntry
from services.applications.matches.store import override_reasons as store
from shared.contracts import labels
from shared.contracts.codes import Reason
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.read_models import ReadModel


class ManualPlace(ReadModel):
    """A place that a programme coordinator assigned manually, and the reason for it."""

    match_id: UUID
    at: AwareDatetime
    reason: Reason
    text: Annotated[str, Field(description="The reason in the coordinator's own words.", examples=["The host asked."])]
    by_you: Annotated[bool, Field(description="You assigned the place.")]


async def manual_places(session: AsyncSession, reader: Principal, application: Application) -> tuple[ManualPlace, ...]:
    """Return the places that were assigned to an application manually, the newest first; none for its own officer."""
    if application.subject == reader.subject:
        return ()
    return tuple(
        ManualPlace(
            match_id=row.match_id,
            at=row.at,
            reason=Reason(row.reason),
            text=row.text,
            by_you=row.decided_by == reader.subject,
        )
        for row in await store.of_application(session, application.id)
    )


def timeline_entry(place: ManualPlace) -> TimelineEntry:
    """Return a place that was assigned manually as an entry of the case's history."""
    return TimelineEntry(
        gettext("Place assigned manually"),
        place.at,
        gettext("You") if place.by_you else gettext("Programme coordinator"),
        f"{labels.label(place.reason)}. {place.text}",
        link=f"/applications/matches/{place.match_id}",
    )
