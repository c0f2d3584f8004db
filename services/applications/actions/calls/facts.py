"""What does the register say that a call must fit: which funds pay, which training needs stand?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.store import call_needs, register
from shared.contracts.codes import PRIORITIES
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.model.call.entry import CallEntry, Fund, Need
    from shared.contracts.calls import CallTerms


@dataclass(frozen=True, slots=True)
class Known:
    """The funds, and the training needs that a call cites or could cite, by id."""

    funds: Mapping[UUID, Fund]
    needs: Mapping[UUID, Need]

    def fund(self, fund_id: UUID) -> str:
        """A fund's name."""
        found = self.funds.get(fund_id)
        return gettext("A fund that is not in the register") if found is None else found.name

    def need(self, need_id: UUID) -> Need | None:
        """A training need, where it is known."""
        return self.needs.get(need_id)


async def known(session: AsyncSession, *of: CallEntry | CallTerms) -> Known:
    """What the register says: all funds, and the training needs that these calls cite or could cite."""
    cited = {need for one in of for need in one.needs}
    topics = {topic for one in of for topic in PRIORITIES.get(one.scheme, {})}
    opens = [one.opens for one in of if one.opens is not None]
    funds = {fund.id: fund for fund in await register.funds(session)}
    return Known(funds, await call_needs.for_calls(session, cited, topics, min(opens, default=None)))
