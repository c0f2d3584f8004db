"""Answer the question whether something is still available by one click from a mail, safely against mail scanners.

The mail holds a link of the reader's own, valid for this one question. Opening it shows a page and changes nothing,
however often it is opened; only that page's button answers, within ten minutes after it was opened. The link's secret
is kept as a digest; no event holds it. The answer is the person's own, with their rights of today.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from services.applications.availability import store
from services.applications.mentors import actions as mentors_actions
from services.applications.mentors import store as mentors_store
from services.applications.placements import store as placements_store
from services.applications.placements.actions import placements
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts.codes import PauseCause
from shared.identity.access import load_principal
from shared.identity.scope import is_self, may_act_for_organisation
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.identity.sealing import Seal

PAGE = "/applications/available"
BUTTON_SECONDS = 600
Supply = store.Supply
Reply = Literal["available", "pause"]


class LinkState(StrEnum):
    """Whether a link can still answer."""

    OPEN = "open"
    USED = "used"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LinkedQuestion:
    """What a link asks about, and whether it still does; `about` is None where the link is not known."""

    link: LinkState
    about: Supply | None = None
    question: store.AvailabilityLink | None = None


async def link_for(session: AsyncSession, about_id: UUID, subject: str) -> str | None:
    """Return a new link for one person to answer the open question about a placement or mentor; None where none is."""
    about = await _supply(session, about_id)
    if about is None or not about.awaits_answer or about.due is None:
        return None
    await store.forget_older(session, about_id, about.due)
    secret = secrets.token_urlsafe(32)
    session.add(
        store.AvailabilityLink(
            digest=store.secret_digest(secret),
            kind="offer" if isinstance(about, placements_store.Offer) else "mentor",
            about=about_id,
            subject=subject,
            due=about.due,
            made_at=clock.now(),
        )
    )
    return f"{PAGE}?key={secret}"


async def _supply(session: AsyncSession, about_id: UUID, *, lock: bool = False) -> Supply | None:
    offer = await placements_store.offer(session, about_id, lock=lock)
    return offer or await mentors_store.mentor(session, about_id, lock=lock)


async def read_link(bus: Bus, secret: str) -> LinkedQuestion:
    """Return what the link asks, without changing anything."""
    async with bus.read() as session:
        question = await store.availability_link(session, secret)
        return await _read_question(session, question)


async def _read_question(
    session: AsyncSession, question: store.AvailabilityLink | None, *, lock: bool = False
) -> LinkedQuestion:
    about = None if question is None else await _supply(session, question.about, lock=lock)
    if question is None or about is None:
        return LinkedQuestion(LinkState.UNKNOWN)
    if question.used_at is not None:
        return LinkedQuestion(LinkState.USED, about, question)
    is_open = about.awaits_answer and about.due == question.due and question.due > clock.now()
    principal = await load_principal(session, question.subject)
    if isinstance(about, placements_store.Offer):
        is_theirs = may_act_for_organisation(principal, about.organisation_id)
    else:
        is_theirs = is_self(principal, about.subject)
    return LinkedQuestion(LinkState.OPEN if is_open and is_theirs else LinkState.OVER, about, question)


def button_token(seal: Seal, secret: str, at: float | None = None) -> str:
    """Return the token of a page's button; no link contains it, so that opening a link is no answer."""
    moment = str(int(time.time() if at is None else at))
    return f"{moment}.{seal.sign(f'{moment} {store.secret_digest(secret)}')}"


def button_is_fresh(seal: Seal, secret: str, given: str) -> bool:
    """Return whether the token is from a page that was opened in the last ten minutes."""
    moment, _, digest = given.partition(".")
    return seal.signed(f"{moment} {store.secret_digest(secret)}", digest) and int(moment) + BUTTON_SECONDS > time.time()


async def answer(bus: Bus, secret: str, reply: Reply) -> LinkedQuestion:
    """Answer the question once: available, or paused. A second or late click changes nothing."""
    async with bus.read() as session:
        known = await store.availability_link(session, secret)
    if known is None:
        return LinkedQuestion(LinkState.UNKNOWN)
    async with bus.transaction(known.subject) as tx:
        question = await store.availability_link(tx.session, secret, lock=True)
        linked = await _read_question(tx.session, question, lock=True)
        if linked.link is not LinkState.OPEN or linked.question is None:
            return linked
        linked.question.used_at, linked.question.answer = clock.now(), reply
        tx.session.add(linked.question)
        match linked.about, reply:
            case placements_store.Offer() as offer, "available":
                await placements.record_available(tx, offer)
            case placements_store.Offer() as offer, "pause":
                await placements.apply_event(tx, offer, offer_events.OfferPaused(cause=PauseCause.BY_CHOICE))
            case mentors_store.Mentor() as mentor, "available":
                await mentors_actions.record_available(tx, mentor)
            case mentors_store.Mentor() as mentor, "pause":
                await mentors_actions.apply_event(tx, mentor, mentor_events.MentorPaused(cause=PauseCause.BY_CHOICE))
        return LinkedQuestion(LinkState.USED, linked.about, linked.question)
