"""The register's facts about the funds and training needs of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from shared.contracts.base import Count, Country, TopicCode


class Fund(Protocol):
    """A fund as the register has it."""

    name: str
    since: date
    until: date | None
    active: bool


class Need(Protocol):
    """A training need of the OTNA as the register has it."""

    country: Country
    scheme: str
    topic_code: TopicCode
    level: int
    quantity: Count
    since: date
    until: date
    withdrawn: bool

    @property
    def area(self) -> str | None:
        """The area of expertise; empty where the need is for the topic as a whole."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a call must fit: the funds, and the training needs that it cites or could cite, by id."""

    funds: Mapping[UUID, Fund]
    needs: Mapping[UUID, Need]

    def fund(self, fund_id: UUID) -> str:
        """Return a fund's name."""
        found = self.funds.get(fund_id)
        return gettext("A fund that is not in the register") if found is None else found.name

    def need(self, need_id: UUID) -> Need | None:
        """Return a training need, where it is known."""
        return self.needs.get(need_id)
