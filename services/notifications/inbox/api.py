"""The messages to one person, for the portal's inbox page."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.notifications.catalogues import MAILS
from services.notifications.inbox import actions, views
from services.notifications.inbox.views import Inbox
from services.notifications.parameters import BusDep
from shared.i18n import speak
from shared.identity import internal
from shared.time.zones import write_for
from shared.web.read_models import ReadModel

router = APIRouter(prefix="/notifications/internal/inbox", include_in_schema=False, dependencies=[Depends(internal())])


class Read(BaseModel):
    """The messages that were read: those named, those about a case, or all; none that came after `seen`."""

    model_config = ConfigDict(extra="ignore")

    recipient: UUID
    ids: list[UUID] | None = None
    case: UUID | None = None
    seen: AwareDatetime | None = None


class UnreadCount(ReadModel):
    """The number of unread messages."""

    unread: int


class ReadCount(ReadModel):
    """The number of messages that were unread before."""

    read: int


@router.get("")
async def inbox(
    bus: BusDep,
    recipient: UUID,
    wanted: Annotated[str, Query(alias="language", pattern="^[a-z]{2}$")] = "en",
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="Of the clock for hours")] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    unread: Annotated[bool, Query(description="Only those that are unread")] = False,  # noqa: FBT002 - in the address
    case: Annotated[UUID | None, Query(description="All messages about this case")] = None,
) -> Inbox:
    """Return the messages to a recipient (the portal's opaque id) by case, unread cases first, mailed or not."""
    speak(wanted, MAILS)
    write_for(country)
    async with bus.read() as session:
        return await views.inbox(session, recipient, page=page, only_unread=unread, case_id=case)


@router.get("/unread")
async def count_unread(bus: BusDep, recipient: UUID) -> UnreadCount:
    """Return how many messages to a recipient are unread."""
    async with bus.read() as session:
        return UnreadCount(unread=await views.unread(session, recipient))


@router.post("/read")
async def read(body: Read, bus: BusDep) -> ReadCount:
    """Mark messages as read; return how many were unread before."""
    marked = await actions.mark_read(bus, body.recipient, ids=body.ids, case_id=body.case, seen=body.seen)
    return ReadCount(read=marked)
