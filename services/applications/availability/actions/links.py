"""Answer the question whether something is still available by one click from a mail, safely against mail scanners.

The mail holds a link of the reader's own, valid for this one question. Opening it shows a page and changes nothing,
however often it is opened; only that page's button answers, within ten minutes after it was opened. The link's secret
is kept as a digest; no event holds it. The answer is the person's own, with their rights of today.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Literal

from services.applications.availability import store, views
from services.applications.availability.views import LinkedQuestion, LinkState, linked_question
from services.applications.mentors import actions as mentors_actions
from services.applications.mentors import store as mentors_store
from services.applications.placements import store as placements_store
from services.applications.placements.actions import placements
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts.codes import PauseCause
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.identity.sealing import Seal

PAGE = "/applications/available"
BUTTON_SECONDS = 600
Reply = Literal["available", "pause"]


async def link_for(session: AsyncSession, about_id: UUID, subject: str) -> str | None:
    """Return a new link for one person to answer the open question about a placement or mentor; None where none is."""
    about = await views.supply(session, about_id)
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
            created_at=clock.now(),
        )
    )
    return f"{PAGE}?key={secret}"


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
        link = await store.availability_link(session, secret)
    if link is None:
        return LinkedQuestion(LinkState.UNKNOWN)
    async with bus.transaction(link.subject) as tx:
        question = await store.availability_link(tx.session, secret, lock=True)
        linked = await linked_question(tx.session, question, lock=True)
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
