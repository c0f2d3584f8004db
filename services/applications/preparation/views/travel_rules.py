"""Answer what is required before travel: by default, and by decisions about calls and countries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.calls import store as calls_store
from services.applications.preparation import store
from services.applications.preparation.model import DEFAULT_ITEMS
from shared.contracts.codes import PreparationItem
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class TravelRule(ReadModel):
    """A decision whether an item is required; a call or a country that is null means any."""

    id: UUID
    item: PreparationItem
    required: bool
    call_id: UUID | None
    country: Annotated[str | None, Field(description="Where guests come from, ISO 3166-1.", examples=["AM"])]
    host_country: Annotated[str | None, Field(description="Where they go, ISO 3166-1.", examples=["FR"])]
    at: AwareDatetime


class TravelRules(Page[TravelRule]):
    """The decisions, the newest first, and what is required where none applies."""

    default: list[PreparationItem]


def travel_rule(row: store.TravelRule) -> TravelRule:
    """Return a decision as the API answers it."""
    return TravelRule(
        id=row.id,
        item=row.rule.item,
        required=row.required,
        call_id=row.call_id,
        country=row.country,
        host_country=row.host_country,
        at=row.at,
    )


async def travel_rules(session: AsyncSession) -> TravelRules:
    """Return all decisions; they are few."""
    items = [travel_rule(row) for row in await store.rules(session)]
    return TravelRules(items=items, next=None, default=list(DEFAULT_ITEMS))


@dataclass(frozen=True, slots=True)
class TravelRulesPage:
    """The decisions, and the titles of all calls by id."""

    rules: Sequence[TravelRule]
    calls: Mapping[UUID, str]


async def call_titles(session: AsyncSession) -> dict[UUID, str]:
    """Return the titles of all calls by id."""
    return {call.id: call.title for call in await calls_store.calls(session)}


async def travel_rules_page(session: AsyncSession) -> TravelRulesPage:
    """Return what the page about the decisions shows."""
    return TravelRulesPage((await travel_rules(session)).items, await call_titles(session))
