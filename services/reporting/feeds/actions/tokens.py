"""Issue and revoke the tokens with which consumers fetch files, and admit a token that is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from services.reporting.feeds.actions.files import ours
from services.reporting.feeds.model import tokens
from services.reporting.feeds.model.tokens import PullToken
from services.reporting.feeds.store import tokens as store
from services.reporting.feeds.views import token_by_id
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import SignInNeeded
from shared.identity.sealing import Seal, keys_from
from shared.time import clock
from shared.time.dates import day, moment

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.identity import Principal

LONGEST = 100
"""The most characters of a consumer's name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The consumer of a token, and its last day."""

    consumer: str
    expires: date | None


async def issue(bus: Bus, principal: Principal, token_id: UUID, draft: Draft) -> tuple[PullToken, str]:
    """Issue a token; it is returned here, and to the same person's second click shortly after, and never again.

    Raises `Refused` (409 for a known id, 422 by field).
    """
    token = _checked(draft, principal, token_id)
    seal = Seal(keys_from(bus.settings.session_key.get_secret_value()), "feed-token")
    secret = tokens.token_of(seal, token_id)
    async with bus.transaction(principal.subject) as tx:
        if await store.add(tx.session, token, tokens.digest(secret)):
            return token, secret
        before = await token_by_id(tx.session, str(token_id))
        same = (before.consumer, before.expires, before.issued_by) == (token.consumer, token.expires, token.issued_by)
        unused = before.last_used_at is None and before.revoked_at is None
        shown = same and unused and token.issued_at - before.issued_at <= tokens.AGAIN
        if not shown or not await store.is_token(tx.session, token_id, tokens.digest(secret)):
            sentence = gettext(
                "This form was sent on %(when)s and issued the token for %(consumer)s. The token was shown "
                "then. If it was lost, revoke it and issue another."
            )
            words = {"when": moment(before.issued_at), "consumer": before.consumer}
            raise Refused(sentence % words, code=ProblemCode.ALREADY_DONE)
    return before, secret


async def revoke(bus: Bus, principal: Principal, token_id: str) -> PullToken:
    """Revoke a token; doing it again changes nothing. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        found = await token_by_id(tx.session, token_id)
        locked = await store.locked(tx.session, found.id)
        if locked is not None and locked.revoked_at is not None:
            return locked
        await store.revoke(tx.session, found.id, principal.subject, clock.now())
        return await token_by_id(tx.session, token_id)


async def admit(bus: Bus, token: str) -> PullToken:
    """Return the token that a program sent, and note its use.

    Raises `SignInNeeded` (401) if it is unknown, expired or revoked, and 429 if it is sent too often.
    """
    now, real = clock.now(), datetime.now(UTC)
    async with bus.transaction("system:feeds") as tx:
        await store.commit_without_sync(tx.session)
        found = await store.note_use(tx.session, tokens.digest(token), now, real)
    if found is None:
        raise SignInNeeded("This token does not count, or is over: ask the programme coordinator for another.")
    pull_token, times = found
    most = ours(bus.settings).feeds_pulls_a_minute
    if times > most:
        sentence = gettext("A token may be sent %(number)s times a minute. Wait, then try again.") % {"number": most}
        raise HTTPException(429, sentence, {"Retry-After": str(60 - real.second)})
    return pull_token


def problems(draft: Draft) -> dict[str, str]:
    """Return what is wrong with a draft, in words by field; empty if nothing is."""
    wrong: dict[str, str] = {}
    today, consumer = clock.today(), _named(draft)
    if not consumer:
        wrong["consumer"] = gettext("Enter who gets the token")
    elif len(consumer) > LONGEST:
        wrong["consumer"] = gettext("Enter %(number)s characters or fewer") % {"number": LONGEST}
    last = today + timedelta(days=tokens.LONGEST_DAYS)
    if draft.expires is None or not today <= draft.expires <= last:
        sentence = gettext("Enter a day between today and %(day)s")
        wrong["expires"] = sentence % {"day": day(last)}
    return wrong


def _named(draft: Draft) -> str:
    return " ".join(draft.consumer.split())


def _checked(draft: Draft, principal: Principal, token_id: UUID) -> PullToken:
    wrong = problems(draft)
    if wrong or draft.expires is None:
        raise Refused(" ".join(f"{each}." for each in wrong.values()), 422, wrong)
    return PullToken(token_id, _named(draft), draft.expires, principal.subject, clock.now())
