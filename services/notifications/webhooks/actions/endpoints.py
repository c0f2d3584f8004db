"""Register, change, rotate, pause, resume, remove and test endpoints, and send their deliveries again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from services.notifications.webhooks.actions.announcement import announce
from services.notifications.webhooks.actions.deliveries import enqueue_test
from services.notifications.webhooks.actions.secrets import SecretStore
from services.notifications.webhooks.model.target import TargetProblem, WrongTarget, target
from services.notifications.webhooks.model.webhook import LONGEST_DESCRIPTION, chosen, new_secret
from services.notifications.webhooks.store import deliveries as queue
from services.notifications.webhooks.store import endpoints
from services.notifications.webhooks.transport.post import allowed, resolve
from shared.bus.db.last_fact import last_fact
from shared.contracts.codes import WebhookChange, WebhookPauseCause, WebhookReach
from shared.contracts.notifications import WebhookChanged
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.dates import EARLIEST, LATEST, moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.notifications.settings import Settings
    from services.notifications.webhooks.transport.http import Lookup
    from shared.bus import Bus, Tx

MOST = 50
"""The greatest number of endpoints: each has places of its own."""
OVERLAPS = (0, 24, 72, 168)
"""For how many hours an old secret may still be signed with."""
_SECONDS = 5.0
_AGAIN = timedelta(minutes=10)
"""For so long (real time) a form that is sent again shows the secret that it made."""
_MANY = N_("There are already fifty webhooks. Remove a webhook that is no longer used.")


@dataclass(frozen=True, slots=True)
class Draft:
    """An endpoint as a coordinator enters it."""

    url: str
    description: str
    events: Sequence[str]


async def register(
    bus: Bus,
    settings: Settings,
    actor: str,
    endpoint_id: UUID,
    reach: WebhookReach,
    draft: Draft,
    *,
    lookup: Lookup = resolve,
) -> str:
    """Register an endpoint; return its secret, this once and to the same person's second click shortly after.

    Raises `Refused`: 409 where that id was registered before, 422 by field.
    """
    checked = await _checked(settings, reach, draft, lookup)
    secret = new_secret()
    async with bus.transaction(actor) as tx:
        if (known := await endpoints.endpoint(tx.session, endpoint_id)) is not None:
            return await _registered(tx, settings, known, reach, checked)
        if await endpoints.count(tx.session) >= MOST:
            raise Refused(gettext(_MANY), 422, {"url": gettext(_MANY)})
        row = endpoints.Endpoint(
            id=endpoint_id,
            url=checked.url,
            description=checked.description,
            reach=reach.value,
            events=list(checked.events),
            created_by=actor,
            created_at=clock.now(),
        )
        if not await endpoints.add(tx.session, row):
            return await _registered(tx, settings, await _there(tx, endpoint_id), reach, checked)
        await _add_secret(tx, settings, endpoint_id, new_id(), secret)
        await announce(tx, await _there(tx, endpoint_id), WebhookChange.REGISTERED)
    return secret


async def change(
    bus: Bus, settings: Settings, actor: str, endpoint_id: UUID, draft: Draft, *, lookup: Lookup = resolve
) -> None:
    """Change an endpoint's address, description and events; its reach stays. The same again changes nothing.

    Raises `Refused` (404, 422). Failures and pauses of the old address do not count at a new one: what waits goes there
    at once.
    """
    async with bus.read() as session:
        stored = await endpoints.endpoint(session, endpoint_id)
    if stored is None:
        raise Refused(gettext("There is no such webhook."), 404)
    checked = await _checked(settings, WebhookReach(stored.reach), draft, lookup)
    async with bus.transaction(actor) as tx:
        endpoint = await _there(tx, endpoint_id)
        if _draft_of(endpoint) == checked:
            return
        if endpoint.url != checked.url:
            _forgive(endpoint)
            if endpoint.state == endpoints.FAILING:
                endpoint.state = endpoints.RECOVERING
            await queue.make_due(tx.session, endpoint_id, datetime.now(UTC))
        endpoint.url, endpoint.description, endpoint.events = checked.url, checked.description, list(checked.events)
        await announce(tx, endpoint, WebhookChange.CHANGED)


async def rotate(bus: Bus, settings: Settings, actor: str, endpoint_id: UUID, secret_id: UUID, hours: int) -> str:
    """Give an endpoint a new secret; both sign for so many hours.

    Return it this once, and to the same person's second click shortly after. Raises `Refused`: 404, 409 where that id
    was used before, 422.
    """
    if hours not in OVERLAPS:
        sentence = gettext("Select how long the old secret stays valid")
        raise Refused(sentence, 422, {"hours": sentence})
    now, secret = datetime.now(UTC), new_secret()
    async with bus.transaction(actor) as tx:
        endpoint = await _there(tx, endpoint_id)
        if (known := await endpoints.secret(tx.session, secret_id)) is not None:
            return await _shown_again(tx, settings, endpoint, known)
        await endpoints.retire(tx.session, endpoint_id, now + timedelta(hours=hours), now)
        await _add_secret(tx, settings, endpoint_id, secret_id, secret)
        await announce(tx, endpoint, WebhookChange.ROTATED)
    return secret


async def pause(bus: Bus, actor: str, endpoint_id: UUID) -> None:
    """Send nothing to an endpoint for now; a second call changes nothing. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        endpoint = await _there(tx, endpoint_id)
        if endpoint.state != endpoints.PAUSED:
            endpoint.state, endpoint.cause = endpoints.PAUSED, WebhookPauseCause.BY_HAND.value
            endpoint.pauses_at = None
            await announce(tx, endpoint, WebhookChange.PAUSED, WebhookPauseCause.BY_HAND)


async def resume(bus: Bus, actor: str, endpoint_id: UUID) -> None:
    """Send to an endpoint again, with what was kept; a second call changes nothing. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        endpoint = await _there(tx, endpoint_id)
        if endpoint.state == endpoints.PAUSED:
            now = datetime.now(UTC)
            _forgive(endpoint)
            await queue.make_due(tx.session, endpoint_id, now)
            waits = await queue.is_due(tx.session, endpoint_id, now)
            endpoint.state, endpoint.cause = endpoints.RECOVERING if waits else endpoints.ACTIVE, None
            await announce(tx, endpoint, WebhookChange.RESUMED)


def _forgive(endpoint: endpoints.Endpoint) -> None:
    """Forget the failures of an endpoint."""
    endpoint.failing_since = endpoint.pauses_at = endpoint.not_before = endpoint.probe_at = None
    endpoint.failures = 0


async def remove(bus: Bus, actor: str, endpoint_id: UUID) -> None:
    """Remove an endpoint with all its deliveries. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        endpoint = await _there(tx, endpoint_id)
        await announce(tx, endpoint, WebhookChange.REMOVED)
        await endpoints.remove(tx.session, endpoint_id)


async def test(bus: Bus, actor: str, endpoint_id: UUID) -> UUID:
    """Send a test, also to a paused endpoint; return the delivery's id, that of a test on its way where there is one.

    Raises `Refused` (404).
    """
    async with bus.transaction(actor) as tx:
        await _there(tx, endpoint_id)
        if (waiting := await queue.waiting_test(tx.session, endpoint_id)) is not None:
            return waiting
        return await enqueue_test(tx, endpoint_id)


async def send_again(bus: Bus, actor: str, delivery_id: UUID) -> None:
    """Send a delivery again, under its old `webhook-id`; one that is about to be sent stays so.

    Raises `Refused` (404, 409).
    """
    async with bus.transaction(actor) as tx:
        if await queue.requeue(tx.session, delivery_id, datetime.now(UTC)):
            await tx.changed("webhooks")
            return
        found = await queue.delivery(tx.session, delivery_id)
        if found is None:
            raise Refused(gettext("There is no such delivery."), 404)
        if found.tried:
            sentence = gettext("This delivery will be tried again automatically on %(when)s.")
            raise Refused(sentence % {"when": moment(found.next_at)}, code=ProblemCode.IN_PROGRESS)


async def send_failed_again(bus: Bus, actor: str, endpoint_id: UUID, since: datetime) -> int:
    """Send again what happened since then (domain time) and failed; return how many. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        await _there(tx, endpoint_id)
        bound = min(max(since, EARLIEST), LATEST)
        count = await queue.requeue_failed(tx.session, endpoint_id, bound, datetime.now(UTC))
        await tx.changed("webhooks")
    return count


def _draft_of(endpoint: endpoints.Endpoint) -> Draft:
    return Draft(endpoint.url, endpoint.description, tuple(endpoint.events))


async def _registered(tx: Tx, settings: Settings, known: endpoints.Endpoint, reach: WebhookReach, draft: Draft) -> str:
    """Return the secret of an endpoint that the same person registered so just now. Raises `Refused` (409)."""
    if (_draft_of(known), known.reach, known.created_by) != (draft, reach.value, tx.actor):
        sentence = gettext("This form was sent on %(when)s, and registered “%(description)s”. Nothing was changed now.")
        words = {"when": moment(known.created_at), "description": known.description}
        raise Refused(sentence % words, code=ProblemCode.DUPLICATE)
    now = datetime.now(UTC)
    (secret, *_) = (await endpoints.secrets_of(tx.session, [known.id], now))[known.id]
    return await _shown_again(tx, settings, known, secret)


async def _shown_again(tx: Tx, settings: Settings, endpoint: endpoints.Endpoint, known: endpoints.Secret) -> str:
    """Return a secret to who made it just now, since of two clicks a browser shows the second answer only.

    Raises `Refused` (409) for others, and later.
    """
    last = await last_fact(tx.session, endpoint.id, [WebhookChanged])
    own = last is not None and last.actor == tx.actor and known.endpoint_id == endpoint.id
    opened = SecretStore(settings).opened([known]) if own and datetime.now(UTC) - known.created_at <= _AGAIN else []
    if not opened:
        sentence = gettext("This secret was created on %(when)s and shown then. Create a new secret if it was lost.")
        raise Refused(sentence % {"when": moment(known.created_at)}, code=ProblemCode.ALREADY_DONE)
    return opened[0]


async def _there(tx: Tx, endpoint_id: UUID) -> endpoints.Endpoint:
    found = await endpoints.endpoint(tx.session, endpoint_id, lock=True)
    if found is None:
        raise Refused(gettext("There is no such webhook."), 404)
    return found


async def _add_secret(tx: Tx, settings: Settings, endpoint_id: UUID, secret_id: UUID, secret: str) -> None:
    sealed = SecretStore(settings).sealed(secret)
    await endpoints.add_secret(
        tx.session, endpoints.Secret(id=secret_id, endpoint_id=endpoint_id, sealed=sealed, created_at=datetime.now(UTC))
    )


async def wrong_with(settings: Settings, url: str, *, lookup: Lookup = resolve) -> str | None:
    """Return in words why nothing can be sent to an address; None where it can."""
    try:
        await allowed(target(url.strip()), settings.allowed_networks, seconds=_SECONDS, lookup=lookup)
    except WrongTarget as error:
        return gettext(error.why.label)
    except TimeoutError:
        return gettext(TargetProblem.UNKNOWN_NAME.label)
    return None


async def _checked(settings: Settings, reach: WebhookReach, draft: Draft, lookup: Lookup) -> Draft:
    """Return a draft as it is stored. Raises `Refused` with all its errors at once."""
    wrong: dict[str, str] = {}
    if (why := await wrong_with(settings, draft.url, lookup=lookup)) is not None:
        wrong["url"] = why
    description = draft.description.strip()
    if not description:
        wrong["description"] = gettext("Enter who receives it, and what for")
    elif len(description) > LONGEST_DESCRIPTION:
        wrong["description"] = gettext("Description must be 200 characters or fewer")
    events: tuple[str, ...] = ()
    try:
        events = chosen(reach, draft.events)
        if not events:
            wrong["events"] = gettext("Select at least one event")
    except ValueError as error:
        wrong["events"] = gettext("%(event)s cannot be sent to this webhook") % {"event": str(error)}
    if wrong:
        raise Refused(gettext("The webhook was not saved."), 422, wrong)
    return Draft(target(draft.url.strip()).url, description, events)
