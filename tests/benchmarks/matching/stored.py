"""Fill matching's store with a large call: mentees and mentors as rows, as if their events had been read."""

from __future__ import annotations

import random
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.matching.facts.store import pools as store
from services.matching.facts.store.facts import Call, Candidate, Seat
from services.matching.tables import keep
from shared.contracts import _examples as ex
from shared.contracts.codes import MEMBER_STATES, PRIORITIES, Expertise, RankGroup, ServiceKind
from shared.runtime.migrate import migrate
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.bus import Bus

_HOMES = ("AM", "AZ", "GE", "MD", "UA")
_HOSTS = tuple(sorted(MEMBER_STATES))
_TOPICS = tuple(code for topics in PRIORITIES.values() for code in topics)[:12]
_TONGUES = ("fr", "de", "ru", "es", "it", "pl", "ro")
_LEVELS = ("B1", "B2", "C1", "C2")
_PART = 500


def number_of(dice: random.Random) -> UUID:
    """Return an id drawn from the dice."""
    return UUID(int=dice.getrandbits(128), version=4)


@contextmanager
def server() -> Iterator[str]:
    """The address of an empty store of matching, on a database server of its own that writes durably."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-stored-"))
    running = Postgres(folder / "store", free_port(), secrets.token_urlsafe(16), log=folder / "log", durable=True)
    running.start()
    try:
        running.sql("CREATE DATABASE matching")
        address = running.url("matching").replace("postgresql://", "postgresql+asyncpg://", 1)
        migrate("matching", address)
        yield address
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def fill(bus: Bus, people: int, seats: int, *, seed: int = 1) -> UUID:
    """Write a mentoring call with so many eligible mentees and published mentors; gives the call's id."""
    dice = random.Random(f"stored/{seed}")
    call_id = number_of(dice)
    now = clock.now()
    terms = ex.CALL_TERMS | {"kinds": ["mentee"], "quotas": [], "weights": [], "needs": []}
    call = Call(id=call_id, reference="LARGE-2026", title="A large call", state="open", terms=terms, changed_at=now)
    await _write(bus, [call])
    await _write(bus, [mentee(dice, call_id, number) for number in range(people)])
    await _write(bus, [mentor(dice, call_id, number) for number in range(seats)])
    async with bus.transaction("system:benchmark") as tx:
        await store.touch(tx.session, [call_id])
    return call_id


def mentee(dice: random.Random, call_id: UUID, number: int) -> Candidate:
    """Return an eligible mentee, drawn from the dice."""
    profile = (
        ex.PROFILE
        | _common(dice, call_id, "A", number, _HOMES)
        | {
            "kind": "mentee",
            "preferred_countries": dice.sample(_HOSTS, 3),
            "blackouts": [],
            "first_time": dice.random() < 0.7,
        }
    )
    return Candidate(
        id=number_of(dice),
        call_id=call_id,
        reference=profile["reference"],
        kind="mentee",
        country=profile["country"],
        organisation_id=UUID(profile["organisation_id"]),
        state="eligible",
        profile=profile,
        submitted_at=clock.now(),
        changed_at=clock.now(),
    )


def mentor(dice: random.Random, call_id: UUID, number: int) -> Seat:
    """Return a published mentor, drawn from the dice."""
    terms = (
        ex.MENTOR_PROFILE
        | _common(dice, call_id, "M", number, _HOSTS)
        | {
            "capacity": dice.randint(1, 5),
            "rank_groups": [],
        }
    )
    return Seat(
        id=number_of(dice),
        kind="mentor",
        call_id=call_id,
        reference=terms["reference"],
        title="",
        country=terms["country"],
        organisation_id=UUID(terms["organisation_id"]),
        state="published",
        terms=terms,
        changed_at=clock.now(),
    )


def _common(dice: random.Random, call_id: UUID, letter: str, number: int, countries: Sequence[str]) -> dict[str, Any]:
    country = dice.choice(countries)
    start = clock.today() + timedelta(weeks=dice.randint(4, 12))
    return {
        "call_id": str(call_id),
        "reference": f"{country}-{letter}-2026-{number:05}",
        "country": country,
        "organisation_id": str(UUID(int=dice.randrange(200) + 1)),
        "service": dice.choice(tuple(ServiceKind)).value,
        "rank_group": dice.choice(tuple(RankGroup)).value,
        "expertise": [
            {"area": area.value, "level": dice.randint(1, 3), "years": dice.randint(0, 14)}
            for area in dice.sample(tuple(Expertise), 4)
        ],
        "languages": [
            {"language": language, "level": dice.choice(_LEVELS)} for language in ("en", dice.choice(_TONGUES))
        ],
        "topics": dice.sample(_TOPICS, 3),
        "periods": [{"start": start.isoformat(), "end": (start + timedelta(weeks=20)).isoformat()}],
    }


async def _write(bus: Bus, rows: Sequence[Any]) -> None:
    for part in _parts(rows):
        async with bus.transaction("system:benchmark") as tx:
            await keep(tx.session, part)


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(rows), _PART):
        yield rows[at : at + _PART]
