"""The content, signature and schedule of webhooks, after the Standard Webhooks specification.

Headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1,` and the base64 of HMAC-SHA256 over
`id.timestamp.body`); a body `{type, timestamp, data}` whose `data` is the event in CloudEvents' JSON format.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from shared.contracts import EVENTS, events_of
from shared.contracts.codes import Code, WebhookReach
from shared.i18n import N_
from shared.ids import reaction_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from services.notifications.events import PublishedEvent

LONGEST_DESCRIPTION = 200
FIGURES = ("exchange.figures", "exchange.periods")
CASES = (
    "exchange.calls",
    "exchange.registry",
    "exchange.applications",
    "exchange.offers",
    "mentoring.mentors",
    "exchange.matches",
    "exchange.participation",
    "exchange.visits",
    "mentoring.mentorships",
    "exchange.outcomes",
)
TOPICS: dict[WebhookReach, tuple[str, ...]] = {WebhookReach.OUTSIDE: FIGURES, WebhookReach.INSIDE: (*FIGURES, *CASES)}
"""The topics that an endpoint may get: outside of the programme figures and periods, inside all but sign-ins."""

WITHHELD = {"exchange.periods": ("counted",)}
"""By topic, the fields that no endpoint gets: from the events behind two statements everybody could work out the few
that came between."""
LARGEST = 20_000
"""The most bytes that a body has, as the specification advises."""
SECRET_BYTES = 32
"""The length of a secret; the specification asks for 24 to 64 bytes."""
TEST = "WebhookTest"
"""The type of what a coordinator sends to try an endpoint. No event of the log has this name."""
SCHEDULE = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds after the first, the second ... failed attempt: the specification's example. The first is made at once."""
JITTER = 0.2
"""By which share a pause is lengthened at the most, so that what failed at once does not come again at once."""
LONGEST_WAIT = 86_400.0
"""The most seconds for which a receiver may ask us to wait."""
OPENS_AFTER = 10
"""After so many failed attempts in a row an endpoint counts as failing: as many as are sent to it at a time."""
FIRST_PROBE, LONGEST_PROBE = 5.0, 300.0
"""Seconds until the first probe of an endpoint that fails, doubled after each, and the most there are."""
WARNED_AFTER, LEAST_NOTICE = 0.2, 0.5
"""Shares of the time after which a webhook that takes nothing is paused: until its warning, and at least from it on."""
_SAID = 500


class WebhookState(StrEnum):
    """The state of an endpoint.

    Events are sent to an active one as they come. To one that fails one event is sent at a time, with growing pauses,
    until one is taken; then it recovers: what has waited goes out. A paused one gets nothing.
    """

    ACTIVE = "active"
    FAILING = "failing"
    RECOVERING = "recovering"
    PAUSED = "paused"


class DeliveryState(StrEnum):
    """The state of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class AttemptResult(Code):
    """The result of an attempt."""

    DELIVERED = "delivered", N_("Delivered")
    REFUSED = "refused", N_("The receiver did not answer with 2xx")
    REDIRECTED = "redirected", N_("The receiver leads to another address, which we do not follow")
    GONE = "gone", N_("The receiver says that it no longer exists")
    TIMEOUT = "timeout", N_("No answer in time")
    UNREACHABLE = "unreachable", N_("Could not be reached")
    UNKNOWN_NAME = "unknown_name", N_("DNS does not know its name")
    FORBIDDEN = "forbidden", N_("Its address is not allowed")
    UNSIGNED = "unsigned", N_("It could not be signed")


def selectable(reach: WebhookReach) -> dict[str, tuple[str, ...]]:
    """Return the types that an endpoint may choose from: topic -> event types, in the order of the contracts."""
    return {topic: tuple(event.type for event in events_of(topic)) for topic in TOPICS[reach]}


def chosen(reach: WebhookReach, types: Iterable[str]) -> tuple[str, ...]:
    """Return those types in the order of the contracts, each once. Raises ValueError naming one beyond that reach."""
    wanted = set(types)
    selectable_types = [type_ for group in selectable(reach).values() for type_ in group]
    for type_ in sorted(wanted.difference(selectable_types)):
        raise ValueError(type_)
    return tuple(type_ for type_ in selectable_types if type_ in wanted)


def wants(reach: WebhookReach, types: Iterable[str], event_type: str) -> bool:
    """Return whether an endpoint gets an event: chosen, and still allowed for its reach."""
    model = EVENTS.get(event_type)
    return model is not None and model.topic in TOPICS[reach] and event_type in set(types)


def delivery_id(about: UUID, endpoint: UUID) -> UUID:
    """Return the id of an event's delivery to an endpoint: always the same, so there is never a second."""
    return reaction_id(about, "webhook", str(endpoint))


def webhook_id(delivery: UUID) -> str:
    """Return the header `webhook-id`: the same at every attempt, so that receivers can drop duplicates."""
    return f"msg_{delivery.hex}"


def body_of(event: PublishedEvent) -> bytes:
    """Return the body for an event, at most `LARGEST` bytes: the longest fields of a longer one are left out.

    `data` is the event in CloudEvents' JSON format; its extension `sequence` counts the events of a subject from 1, and
    `omitted` names the fields that were left out. The digest of a period's figures is null: it runs over hidden ones.
    """
    data = event.data.model_dump(mode="json")
    if isinstance(period := data.get("period"), dict) and "figures_digest" in period:
        period["figures_digest"] = None
    return _fitting(
        {
            "specversion": "1.0",
            "id": str(event.id),
            "source": event.source,
            "type": event.type,
            "subject": event.subject,
            "time": _written(event.time),
            "datacontenttype": "application/json",
            "dataschema": f"urn:tandem:schema:{event.type}",
            "sequence": event.sequence,
        },
        data,
        [name for name in WITHHELD.get(event.data.topic, ()) if data.get(name) is not None],
    )


def body_of_test(about: UUID, at: datetime) -> bytes:
    """Return the body of a test: it has the form of an event's and says that it is none."""
    attributes = {"specversion": "1.0", "id": str(about), "source": "urn:tandem:notifications", "type": TEST}
    attributes |= {"subject": "test", "time": _written(at), "datacontenttype": "application/json"}
    return _fitting(attributes, {"test": True})


def _fitting(attributes: Mapping[str, Any], data: Mapping[str, Any], withheld: Sequence[str] = ()) -> bytes:
    left = {name: value for name, value in data.items() if name not in withheld}
    omitted = list(withheld)
    body = _body(attributes, left, omitted)
    by_length = sorted(left, key=lambda name: (-len(orjson.dumps(left[name])), name))
    while len(body) > LARGEST and by_length:
        omitted.append(by_length.pop(0))
        del left[omitted[-1]]
        body = _body(attributes, left, omitted)
    return body


def _body(attributes: Mapping[str, Any], data: Mapping[str, Any], omitted: Sequence[str]) -> bytes:
    cloud: dict[str, Any] = {**attributes, "data": data}
    if omitted:
        cloud["omitted"] = ",".join(sorted(omitted))
    return orjson.dumps({"type": attributes["type"], "timestamp": attributes["time"], "data": cloud})


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def new_secret() -> str:
    """Return a random secret: `whsec_` and 32 bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(id_: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Return the headers for these bytes, sent at real time `at`; one signature a secret, the newest first.

    Raises ValueError without a secret.
    """
    if not keys:
        raise ValueError("There is no secret to sign with.")
    second = int(at.timestamp())
    signed = f"{id_}.{second}.".encode() + body
    return {
        "content-type": "application/json",
        "user-agent": "Tandem",
        "webhook-id": id_,
        "webhook-timestamp": str(second),
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def result_of(status: int) -> AttemptResult:
    """Return the result of a status: only 2xx is taken, a redirect is not followed, 410 is the end."""
    if 200 <= status < 300:
        return AttemptResult.DELIVERED
    if 300 <= status < 400:
        return AttemptResult.REDIRECTED
    return AttemptResult.GONE if status == 410 else AttemptResult.REFUSED


def pause(tried: int, schedule: Sequence[float], chance: float, retry_after: float | None = None) -> float | None:
    """Return the seconds until the next attempt after `tried` (from 1) failed ones; None where it is given up.

    `chance` (0 to 1) lengthens it, never shortens it; `retry_after` is what the receiver asked for, if that is longer.
    """
    if tried > len(schedule):
        return None
    return max(schedule[tried - 1] * (1 + JITTER * chance), min(retry_after or 0.0, LONGEST_WAIT))


def probe_pause(probes: int) -> float:
    """Return the seconds until the next probe after so many that failed."""
    return float(min(FIRST_PROBE * 2 ** min(probes, 10), LONGEST_PROBE))


def pause_time(failing_since: datetime, now: datetime, dead: timedelta) -> datetime | None:
    """Return when an endpoint that has taken nothing since then is paused; None where it is too early to announce it.

    `dead` is for how long it may take nothing. The pause follows its announcement by at least half of that, also where
    nothing was sent for long before.
    """
    if now - failing_since < dead * WARNED_AFTER:
        return None
    return max(failing_since + dead, now + dead * LEAST_NOTICE)


def retry_after_seconds(retry_after: str | None, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` (number or date; RFC 9110 10.2.3), at most a day; None for none."""
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), LONGEST_WAIT)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    then = then if then.tzinfo is not None else then.replace(tzinfo=UTC)
    return min(max((then - now).total_seconds(), 0.0), LONGEST_WAIT)


def excerpt(raw: bytes) -> str:
    """Return the beginning of a receiver's answer as text, without unprintable characters."""
    text = raw.decode("utf-8", "replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_SAID]
