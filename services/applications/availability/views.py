"""Read what the link of an availability mail asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.availability import store
from services.applications.mentors import store as mentors_store
from services.applications.mentors.views.mentor import Mentor
from services.applications.placements import store as placements_store
from services.applications.placements.views.placement import Placement
from shared.identity.access import load_principal
from shared.identity.scope import is_self, may_act_for_organisation
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class LinkState(StrEnum):
    """The state of a link: it can answer, was used, is over, or is not known."""

    OPEN = "open"
    USED = "used"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LinkedQuestion:
    """The question behind a link, and the link's state; `about` is None if the link is not known."""

    link: LinkState
    about: store.Supply | None = None
    question: store.AvailabilityLink | None = None


async def supply(session: AsyncSession, about_id: UUID, *, lock: bool = False) -> store.Supply | None:
    """Return the placement or the mentor's profile with that id; with `lock` nobody else changes it."""
    offer = await placements_store.offer(session, about_id, lock=lock)
    return offer or await mentors_store.mentor(session, about_id, lock=lock)


async def linked_question(
    session: AsyncSession, question: store.AvailabilityLink | None, *, lock: bool = False
) -> LinkedQuestion:
    """Return what a link asks, and whether it can still be answered by the person to whom it was sent."""
    about = None if question is None else await supply(session, question.about, lock=lock)
    if question is None or about is None:
        return LinkedQuestion(LinkState.UNKNOWN)
    if question.used_at is not None:
        return LinkedQuestion(LinkState.USED, about, question)
    is_open = about.awaits_answer and about.due == question.due and question.due > arrived()
    principal = await load_principal(session, question.subject)
    if isinstance(about, placements_store.Offer):
        is_theirs = may_act_for_organisation(principal, about.organisation_id)
    else:
        is_theirs = is_self(principal, about.subject)
    return LinkedQuestion(LinkState.OPEN if is_open and is_theirs else LinkState.OVER, about, question)


@dataclass(frozen=True, slots=True)
class AvailabilityQuestion:
    """The content of the page behind a link; `about` is None if the link is not known."""

    link: LinkState
    about: Placement | Mentor | None = None
    answer: str | None = None

    @property
    def of_placement(self) -> bool:
        """Return whether it is about a placement, else about a mentor's profile."""
        return isinstance(self.about, Placement)


async def availability_question(session: AsyncSession, secret: str) -> AvailabilityQuestion:
    """Return what the link asks, as the person to whom it was sent may read it."""
    linked = await linked_question(session, await store.availability_link(session, secret))
    if linked.about is None or linked.question is None:
        return AvailabilityQuestion(linked.link)
    if isinstance(linked.about, placements_store.Offer):
        about: Placement | Mentor = Placement.of(linked.about)
    else:
        about = Mentor.of(linked.about, await load_principal(session, linked.question.subject))
    return AvailabilityQuestion(linked.link, about, linked.question.answer)
