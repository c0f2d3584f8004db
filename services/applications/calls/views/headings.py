"""Name calls in lists, filters and headings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.calls import store
from shared.contracts.codes import ApplicationKind, CallState
from shared.next_steps import shown_call_state

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class CallHeading:
    """The heading of a published or closed call; the title is in the reader's language."""

    id: UUID
    reference: str
    revision: int
    title: str
    state: CallState
    kinds: tuple[ApplicationKind, ...]
    opens: datetime
    deadline: datetime

    @classmethod
    def of(cls, call: store.Call) -> CallHeading:
        """Return the heading of a stored call."""
        return cls(
            call.id,
            call.reference,
            call.revision,
            call.title,
            CallState(call.state),
            call.kinds,
            call.opens,
            call.deadline,
        )

    @property
    def name(self) -> str:
        """Reference and title."""
        return f"{self.reference} {self.title}"

    @property
    def published(self) -> bool:
        """Return whether the call is published and not closed."""
        return self.state is CallState.PUBLISHED

    def takes(self, kind: ApplicationKind) -> bool:
        """Return whether the call is published and includes applications of that kind."""
        return self.published and kind in self.kinds

    def takes_applications(self, at: datetime) -> bool:
        """Return whether one can apply at that moment."""
        return self.published and self.opens <= at <= self.deadline

    def shown_state(self, at: datetime) -> str:
        """Return the state as pages show it: published it is `announced`, `published` or `past_deadline`."""
        return shown_call_state(self.state, self.opens, self.deadline, at)


def places_path(call_id: UUID, kind: ApplicationKind) -> str:
    """Return the address at which officers browse the placements or mentors of a call."""
    return f"/applications/calls/{call_id}/places/{kind}"


async def call_headings(session: AsyncSession) -> list[CallHeading]:
    """Return all calls, the one with the latest deadline first."""
    return [CallHeading.of(call) for call in await store.calls(session)]
