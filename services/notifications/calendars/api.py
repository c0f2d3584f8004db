"""Create, look up and end a person's private calendar address for the portal."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.calendars import actions
from services.notifications.calendars.store import feeds as store
from services.notifications.parameters import BusDep
from shared.identity import internal

router = APIRouter(prefix="/notifications/internal/feed", include_in_schema=False, dependencies=[Depends(internal())])


class FeedState(BaseModel):
    """A person's address: when it was made and last read (real time); `id` None where there is none."""

    id: UUID | None = None
    made_at: datetime | None = None
    read_at: datetime | None = None


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


@router.get("")
async def has_feed(bus: BusDep, person: UUID) -> FeedState:
    """Whether a person has an address."""
    async with bus.read() as session:
        row = await store.address_of(session, person)
    return FeedState() if row is None else FeedState(id=row.id, made_at=row.made_at, read_at=row.read_at)


@router.post("")
async def make(body: NewAddressIn, bus: BusDep) -> dict[str, str]:
    """Replace a person's address by a new one; its key is shown here and never again."""
    address = await actions.create_address(
        bus, person=body.person, subject=body.subject, language=body.language, replaces=body.replaces
    )
    return {"id": str(address.id), "path": f"/notifications/feed.ics?key={address.key}"}


@router.post("/revoke")
async def revoke(body: RevokedAddressIn, bus: BusDep) -> dict[str, bool]:
    """End a person's address."""
    return {"ended": await actions.revoke_address(bus, body.person)}
