"""Read what the register says about the funds and training needs of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.model.facts import Facts
from services.applications.needs import store as needs_store
from services.applications.register.store import entries
from shared.contracts.codes import PRIORITIES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.calls.model.entry import CallEntry
    from shared.contracts.calls import CallTerms


async def register_facts(session: AsyncSession, *calls: CallEntry | CallTerms) -> Facts:
    """Return all funds, and the training needs that these calls cite or could cite."""
    cited = {need for call in calls for need in call.needs}
    topics = {topic for call in calls for topic in PRIORITIES.get(call.scheme, {})}
    opens = [call.opens for call in calls if call.opens is not None]
    funds = {fund.id: fund for fund in await entries.funds(session)}
    return Facts(funds, await needs_store.for_calls(session, cited, topics, min(opens, default=None)))
