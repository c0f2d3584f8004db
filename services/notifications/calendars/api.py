"""Create, look up and end a person's private calendar address for the portal."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.calendars import actions
from services.notifications.calendars.views import FeedState, feed_state
from services.notifications.parameters import BusDep
from shared.identity import internal
from shared.web.read_models import ReadModel

router = APIRouter(prefix="/notifications/internal/feed", include_in_schema=False, dependencies=[Depends(internal())])


class NewAddressIn(BaseModel):
    """The person of a new address: opaque id, sign-in subject, language, and the address that it replaces."""

    model_config = ConfigDict(extra="ignore")

    person: UUID
    subject: Annotated[str, Field(min_length=1, max_length=300)]
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    replaces: UUID | None = None


class RevokedAddressIn(BaseModel):
    """The person whose address ends."""

    model_config = ConfigDict(extra="ignore")

    person: UUID


class NewFeedAddress(ReadModel):
    """A new address: its path has the key, which is shown here and never again."""

    id: UUID
    path: str


class RevokedAddress(ReadModel):
    """The answer whether there was an address that ended."""

    ended: bool


@router.get("")
async def has_feed(bus: BusDep, person: UUID) -> FeedState:
    """Return whether a person has an address."""
    async with bus.read() as session:
        return await feed_state(session, person)


@router.post("")
async def make(body: NewAddressIn, bus: BusDep) -> NewFeedAddress:
    """Replace a person's address by a new one; its key is shown here and never again."""
    address = await actions.create_address(
        bus, person=body.person, subject=body.subject, language=body.language, replaces=body.replaces
    )
    return NewFeedAddress(id=address.id, path=f"/notifications/feed.ics?key={address.key}")


@router.post("/revoke")
async def revoke(body: RevokedAddressIn, bus: BusDep) -> RevokedAddress:
    """End a person's address."""
    return RevokedAddress(ended=await actions.revoke_address(bus, body.person))
