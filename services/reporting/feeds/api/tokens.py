"""Tokens of consumers, for the programme coordinator's programs."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.feeds import views
from services.reporting.feeds.actions import tokens as actions
from services.reporting.feeds.views import FeedToken, FeedTokenUse, IssuedToken
from services.reporting.guards import Coordinator, TokenReader
from services.reporting.parameters import BusDep
from shared.contracts.base import Day
from shared.ids import new_id
from shared.web.paging import PageWithoutSinceDep
from shared.web.read_models import Page

router = APIRouter(prefix="/reporting/api/v1/feeds/tokens", tags=["figures"])


class TokenIn(BaseModel):
    """The consumer of a token, and its last day."""

    model_config = ConfigDict(extra="forbid")

    consumer: Annotated[str, Field(min_length=1, max_length=actions.LONGEST, examples=["European Commission, OPSYS"])]
    expires: Annotated[Day, Field(description="At most 800 days from now.", examples=["2027-12-31"])]


@router.get("")
async def tokens(_: TokenReader, bus: BusDep, page: PageWithoutSinceDep) -> Page[FeedToken]:
    """Return all tokens that were ever issued, the newest first; without the tokens themselves, which are not kept.

    The list is short, so it has no `since`.
    """
    async with bus.read() as session:
        return await views.feed_tokens(session, page)


@router.post("", status_code=201)
async def issue(principal: Coordinator, bus: BusDep, body: TokenIn) -> IssuedToken:
    """Issue a token: `token` is in this answer and nowhere else."""
    draft = actions.Draft(body.consumer, body.expires)
    return views.issued_token(*await actions.issue(bus, principal, new_id(), draft))


@router.get("/{token}")
async def show_token(_: TokenReader, bus: BusDep, token: str) -> FeedTokenUse:
    """Return one token with what it fetched in the last ninety days, by day and file."""
    async with bus.read() as session:
        return await views.token_use(session, token)


@router.post("/{token}/revoke")
async def revoke(principal: Coordinator, bus: BusDep, token: str) -> FeedToken:
    """Revoke a token; doing it again changes nothing."""
    return views.feed_token(await actions.revoke(bus, principal, token))
