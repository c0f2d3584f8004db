"""Make the records of a large programme: stories of participations, each of ten events.

Payloads are the contracts' examples with other ids and days put in as text, so that a million are made in seconds and
each is an event that the contracts accept.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from shared.bus.db.journal import partition_of
from shared.bus.log.envelope import StoredRecord, headers_of
from shared.contracts import EVENTS, TOPICS
from shared.contracts import _examples as ex

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS_EACH = 10
"""The number of events in a story."""
COUNTRIES, HOSTS = ("AM", "GE", "MD", "UA"), ("FR", "RO", "DE", "PL", "EE")
TOPICS_OF = ("online_crime", "criminal_networks", "drugs_trafficking")
SEXES = ("female", "male", "male", None)


class Maker:
    """Makes records, each subject's numbered from 1; offsets count up in each partition."""

    def __init__(self) -> None:
        self._sequences: dict[tuple[str, str], int] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._events = 0

    def record(self, type_: str, subject: str, at: datetime, story: str, payload: str) -> StoredRecord:
        """Return the record of an event."""
        topic = EVENTS[type_].topic
        sequence = self._sequences[topic, subject] = self._sequences.get((topic, subject), 0) + 1
        partition = partition_of(topic, subject)
        offset = self._offsets[topic, partition] = self._offsets.get((topic, partition), -1) + 1
        self._events += 1
        ident = _ident(0x0190A000, self._events)
        headers = headers_of(TOPICS[topic].owner, ident, type_, subject, at, sequence, story, None, None)
        return StoredRecord(topic, partition, offset, subject.encode(), payload.encode(), headers)


def _ident(kind: int, n: int) -> UUID:
    """Return the n-th id of a kind, of the form of a uuid7."""
    return UUID(int=(kind << 96) | (0x7 << 76) | (0x8 << 60) | n)


def _text(type_: str, **changes: object) -> str:
    """Return the example of an event with changes, as JSON."""
    event = EVENTS[type_]
    return event.model_validate({**event.example, **changes}).write().decode()


def stories(people: int, first: date = date(2026, 3, 2)) -> Iterator[StoredRecord]:
    """Yield the records of `people` participations up to follow-up; four of five visits are completed."""
    made = Maker()
    plans = _plans(first)
    early = datetime(2026, 1, 5, 9, tzinfo=UTC)
    offer, call = ex.OFFER, ex.CALL
    yield made.record("CallPublished", call, early, call, _text("CallPublished"))
    yield made.record("OfferPublished", offer, early, offer, _text("OfferPublished"))
    for n in range(people):
        yield from _story(made, plans[n % len(plans)], n, early)


Plan = tuple[dict[str, str], date, "str | None"]


def _plans(first: date) -> list[Plan]:
    """Sixty kinds of stories: payloads by type, the last day, the sex of the person."""
    kinds = []
    for kind in range(60):
        start = first + timedelta(weeks=kind % 20)
        days = [(start + timedelta(days=day)).isoformat() for day in range(5)]
        country, topic = COUNTRIES[kind % 4], TOPICS_OF[kind % 3]
        where = {"country": country, "host_country": HOSTS[kind % 5], "topic": topic}
        plan = {**ex.VISIT_PLAN, **where, "start": days[0], "end": days[-1], "days": days}
        about = {"country": country, "topic_code": topic}
        profile = {**ex.PROFILE, "country": country, "topics": [topic]}
        payloads = {
            "CountingKeyAssigned": _text("CountingKeyAssigned", sex=SEXES[kind % 4]),
            "ApplicationSubmitted": _text("ApplicationSubmitted", profile=profile),
            "MatchConfirmed": _text("MatchConfirmed", pairing={**ex.PAIRING, **where}),
            "ApplicationDecided": _text("ApplicationDecided", country=country),
            "VisitScheduled": _text("VisitScheduled", plan=plan),
            "VisitStarted": _text("VisitStarted", plan=plan),
            "VisitEnded": _text("VisitEnded", plan=plan, attended=days, ended_on=days[-1]),
            "VisitCompleted": _text("VisitCompleted", plan=plan, ended_on=days[-1]),
            "VisitCancelled": _text("VisitCancelled", plan=plan),
            "EvaluationSubmitted": _text("EvaluationSubmitted", **about, overall=2 + kind % 4),
            "FollowUpSubmitted": _text("FollowUpSubmitted", **about),
        }
        kinds.append((payloads, start + timedelta(days=4), SEXES[kind % 4]))
    return kinds


def _story(made: Maker, plan: Plan, n: int, early: datetime) -> Iterator[StoredRecord]:
    payloads, last, _ = plan
    application, visit, match = (
        str(UUID(int=(0x0190B000 + part << 96) | (0x7 << 76) | (0x8 << 60) | n)) for part in range(3)
    )
    submitted = early + timedelta(minutes=n % 20_000)
    over = datetime.combine(last, time(16), UTC)
    own = (
        (ex.APPLICATION, application),
        (ex.VISIT, visit),
        (ex.MATCH, match),
        (json.loads(payloads["CountingKeyAssigned"])["counting_key"], f"{n - n % 10 // 9:032x}"),
    )
    events = [
        ("CountingKeyAssigned", application, submitted),
        ("ApplicationSubmitted", application, submitted),
        ("MatchConfirmed", match, submitted + timedelta(days=20)),
        ("ApplicationDecided", application, submitted + timedelta(days=20)),
        ("VisitScheduled", visit, submitted + timedelta(days=21)),
    ]
    if n % 5 == 4:
        events.append(("VisitCancelled", visit, over - timedelta(days=20)))
    else:
        events += [
            ("VisitStarted", visit, over - timedelta(days=4)),
            ("VisitEnded", visit, over),
            ("VisitCompleted", visit, over),
        ]
        events.append(("EvaluationSubmitted", visit, over + timedelta(days=1 + n % 9)))
        events.append(("FollowUpSubmitted", visit, over + timedelta(days=180)))
    for type_, subject, at in events:
        payload = payloads[type_]
        for old, new in own:
            payload = payload.replace(old, new)
        yield made.record(type_, subject, at, application, payload)
