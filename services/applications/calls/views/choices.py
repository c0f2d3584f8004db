"""Name the calls from which a reader chooses, in filters and in forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.calls import store
from shared.contracts.codes import ApplicationKind, CallState

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class CallChoice:
    """A call in a list of choices, with its title in the reader's language."""

    id: UUID
    reference: str
    title: str
    kinds: tuple[ApplicationKind, ...]
    published: bool
    opens: datetime

    @property
    def name(self) -> str:
        """Reference and title."""
        return f"{self.reference} {self.title}"

    def takes(self, kind: ApplicationKind) -> bool:
        """Return whether the call is published and includes applications of that kind."""
        return self.published and kind in self.kinds


def call_choice(call: store.Call) -> CallChoice:
    """Return the choice of one call."""
    published = call.state == CallState.PUBLISHED
    return CallChoice(call.id, call.reference, call.title, call.kinds, published, call.opens)


async def call_choices(session: AsyncSession) -> list[CallChoice]:
    """Return all calls as choices, the one with the latest deadline first."""
    return [call_choice(call) for call in await store.calls(session)]
