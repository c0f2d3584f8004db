"""What does the register say that a call must fit: which funds pay, which training needs stand?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.applications.store import register
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.model.call.entry import Fund, Need


@dataclass(frozen=True, slots=True)
class Known:
    """The funds, and the training needs that were asked for, by id."""

    funds: Mapping[UUID, Fund]
    needs: Mapping[UUID, Need] = field(default_factory=dict)

    def fund(self, fund_id: UUID) -> str:
        """A fund's name."""
        found = self.funds.get(fund_id)
        return gettext("A fund that is not in the register") if found is None else found.name

    def need(self, need_id: UUID) -> Need | None:
        """A training need, where it is known."""
        return self.needs.get(need_id)


async def known(session: AsyncSession) -> Known:
    """What the register says."""
    return Known({fund.id: fund for fund in await register.funds(session)})
