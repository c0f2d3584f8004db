"""The messages and the table of messages for programs, with the rights of the person who signed in."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifications.guards import countries_read
from services.notifications.messages.model.table import RULES
from services.notifications.messages.store import messages as store
from services.notifications.messages.store.messages import Search
from services.notifications.messages.views import messages as views
from services.notifications.parameters import BusDep, Reader
from shared.contracts.notifications import Audience

router = APIRouter(prefix="/notifications/api/v1", tags=["notifications"])


class MessageOut(BaseModel):
    """A message to an audience, sent or not."""

    id: UUID
    rule: str
    about: UUID
    at: datetime
    reference: str
    application_id: UUID | None
    audience: Audience
    state: str
    attempts: int
    cause: str | None
    subject: str


class Messages(BaseModel):
    """One page of messages, and their number."""

    messages: list[MessageOut]
    total: int
    page: int


class RuleOut(BaseModel):
    """A row of the table of messages."""

    name: str
    event: str
    to: str
    when: str | None
    channel: str
    mandatory: bool
    urgent: bool
    inbox: bool
    subject: str


@router.get("/messages")
async def messages(
    bus: BusDep,
    who: Reader,
    q: Annotated[str, Query(max_length=100, description="A reference, or the id of an application")] = "",
    state: Annotated[str, Query(max_length=20, description="waiting, sent or failed")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Messages:
    """The messages, the newest first, fifty a page."""
    async with bus.read() as session:
        search = Search(words=q, state=views.stored_state(state), countries=countries_read(who), page=page)
        found, total = await store.search_messages(session, search)
    out = [
        MessageOut(
            id=message.id,
            rule=message.rule,
            about=message.about,
            at=message.at,
            reference=message.reference,
            application_id=message.application_id,
            audience=message.audience,
            state=views.state_of(message),
            attempts=message.attempts,
            cause=message.cause,
            subject=views.message_wording(message).subject,
        )
        for message in found
    ]
    return Messages(messages=out, total=total, page=page)


@router.get("/rules")
async def rules(_: Reader) -> list[RuleOut]:
    """The table of messages, in the order of the process."""
    return [
        RuleOut(
            name=rule.name,
            event=rule.event.type,
            to=str(rule.to),
            when=rule.when.words if rule.when else None,
            channel=rule.channel,
            mandatory=rule.mandatory,
            urgent=rule.urgent,
            inbox=rule.inbox,
            subject=rule.subject,
        )
        for rule in RULES
    ]
