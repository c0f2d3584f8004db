"""How is "still available?" answered by one click from a mail, and not by a mail scanner that opens its links?

The mail holds a link of the reader's own, good for this one question. Opening it shows a page and changes nothing, be
it opened twice, by a scanner or as a preview; only that page's button answers, within ten minutes after it was opened.
The link's secret is kept as a digest; no event holds it. The answer is the person's own, with the rights of today.
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
from shared.contracts import mentors as told_of_mentors
from shared.contracts import offers as told_of_offers
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
PRESS_SECONDS = 600
Supply = placements_store.Offer | mentors_store.Mentor
Reply = Literal["available", "pause"]


class Link(StrEnum):
    """What a link is good for."""

    OPEN = "open"
    USED = "used"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LinkSubject:
    """What a link asks about, and whether it still does; `about` is None where the link is not known."""

    link: Link
    about: Supply | None = None
    question: store.AvailabilityLink | None = None


async def link_for(session: AsyncSession, about_id: UUID, subject: str) -> str | None:
    """A new link for one person to answer the open question about an offer or mentor; None where none is open."""
    about = await _supply(session, about_id)
    if about is None or not about.asked or about.due is None:
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


async def look(bus: Bus, secret: str) -> LinkSubject:
    """What the link asks, without changing anything."""
    async with bus.read() as session:
        question = await store.availability_link(session, secret)
        return await _asked(session, question)


async def _asked(session: AsyncSession, question: store.AvailabilityLink | None, *, lock: bool = False) -> LinkSubject:
    about = None if question is None else await _supply(session, question.about, lock=lock)
    if question is None or about is None:
        return LinkSubject(Link.UNKNOWN)
    if question.used_at is not None:
        return LinkSubject(Link.USED, about, question)
    stands = about.asked and about.due == question.due and question.due > clock.now()
    principal = await load_principal(session, question.subject)
    if isinstance(about, placements_store.Offer):
        theirs = may_act_for_organisation(principal, about.organisation_id)
    else:
        theirs = is_self(principal, about.subject)
    return LinkSubject(Link.OPEN if stands and theirs else Link.OVER, about, question)


def press(seal: Seal, secret: str, at: float | None = None) -> str:
    """What the button of a page that was opened now sends; it stands in no link, so that opening one is no answer."""
    moment = str(int(time.time() if at is None else at))
    return f"{moment}.{seal.sign(f'{moment} {store.secret_digest(secret)}')}"


def pressed(seal: Seal, secret: str, given: str) -> bool:
    """Whether the button was one of a page that was opened in the last ten minutes."""
    moment, _, digest = given.partition(".")
    return seal.signed(f"{moment} {store.secret_digest(secret)}", digest) and int(moment) + PRESS_SECONDS > time.time()


async def answer(bus: Bus, secret: str, reply: Reply) -> LinkSubject:
    """Answer the question once: it is available, or it pauses. A second click, or a late one, changes nothing."""
    async with bus.read() as session:
        known = await store.availability_link(session, secret)
    if known is None:
        return LinkSubject(Link.UNKNOWN)
    async with bus.transaction(known.subject) as tx:
        question = await store.availability_link(tx.session, secret, lock=True)
        asked = await _asked(tx.session, question, lock=True)
        if asked.link is not Link.OPEN or asked.question is None:
            return asked
        asked.question.used_at, asked.question.answer = clock.now(), reply
        tx.session.add(asked.question)
        match asked.about, reply:
            case placements_store.Offer() as offer, "available":
                await placements.confirmed(tx, offer)
            case placements_store.Offer() as offer, "pause":
                await placements.move(tx, offer, told_of_offers.OfferPaused(cause=PauseCause.BY_CHOICE))
            case mentors_store.Mentor() as mentor, "available":
                await mentors_actions.confirmed(tx, mentor)
            case mentors_store.Mentor() as mentor, "pause":
                await mentors_actions.move(tx, mentor, told_of_mentors.MentorPaused(cause=PauseCause.BY_CHOICE))
        return LinkSubject(Link.USED, asked.about, asked.question)
