"""Tokens of consumers, for the programme coordinator's programs."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.reporting.feeds.actions import tokens as actions
from services.reporting.feeds.model.tokens import PullToken
from services.reporting.feeds.store import tokens as store
from services.reporting.guards import Coordinator, TokenReader
from services.reporting.parameters import BusDep
from shared.ids import new_id
from shared.time import clock

router = APIRouter(prefix="/reporting/api/v1/feeds/tokens", tags=["figures"])


class TokenIn(BaseModel):
    """The consumer of the token, and its last day."""

    consumer: str = ""
    expires: date | None = None


@router.get("")
async def tokens(_: TokenReader, bus: BusDep) -> dict[str, Any]:
    """Return all tokens that were ever issued, the newest first; without the tokens themselves, which are not kept."""
    async with bus.read() as session:
        return {"tokens": [_token_for_programs(each) for each in await store.everything(session)]}


@router.post("", status_code=201)
async def issue(principal: Coordinator, bus: BusDep, wanted: TokenIn) -> dict[str, Any]:
    """Issue a token: `token` is in this answer and nowhere else."""
    token, secret = await actions.issue(bus, principal, new_id(), actions.Draft(wanted.consumer, wanted.expires))
    return {**_token_for_programs(token), "token": secret}


@router.get("/{token}")
async def show_token(_: TokenReader, bus: BusDep, token: str) -> dict[str, Any]:
    """Return one token with what it fetched in the last ninety days, by day and file."""
    async with bus.read() as session:
        found = await actions.token_by_id(session, token)
        pulls = await store.pulls(session, found.id, clock.today())
    return {
        **_token_for_programs(found),
        "fetched": [{"day": each.day, "period": each.period, "name": each.name, "times": each.times} for each in pulls],
    }


@router.post("/{token}/revoke")
async def revoke(principal: Coordinator, bus: BusDep, token: str) -> dict[str, Any]:
    """Revoke a token; doing it again changes nothing."""
    return _token_for_programs(await actions.revoke(bus, principal, token))


def _token_for_programs(token: PullToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "consumer": token.consumer,
        "state": token.state(clock.now()),
        "expires": token.expires,
        "issued_at": token.issued_at,
        "issued_by": token.issued_by,
        "revoked_at": token.revoked_at,
        "revoked_by": token.revoked_by,
        "last_used_at": token.last_used_at,
    }
