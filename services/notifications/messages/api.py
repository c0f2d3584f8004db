"""The messages and the table of messages for programs, with the rights of the person who signed in."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Query

from services.notifications.guards import countries_read
from services.notifications.messages.model.log import MessageState, Search
from services.notifications.messages.views import messages as views
from services.notifications.messages.views.messages import Message, MessageRule
from services.notifications.parameters import BusDep, Reader
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/notifications/api/v1", tags=["notifications"])


@router.get("/messages")
async def messages(
    bus: BusDep,
    principal: Reader,
    page: PageDep,
    q: Annotated[str, Query(max_length=100, description="A reference, or the id of an application.")] = "",
    state: MessageState | None = None,
) -> Page[Message]:
    """Return the messages, the newest first."""
    search = Search(words=q, state=views.stored_state(state), countries=countries_read(principal))
    async with bus.read() as session:
        return await views.message_list(session, search, page)


@router.get("/rules")
async def rules(_: Reader) -> Page[MessageRule]:
    """Return the table of messages, in the order of the process."""
    return views.message_rules()
