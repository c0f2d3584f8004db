"""Measure how long a coordinator waits to see what somebody did, on a system that is otherwise idle.

A local run of its own is used. The time begins when the request is sent; it ends when the coordinators' board, read
again after each message of its event stream, shows the change. The reference is the log alone on the same broker: one
record produced, acknowledged by all replicas, and consumed.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from functools import partial
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.cli.client import People
from deploy.cli.journey.cast import HOME, HOST, HOST_COUNTRY
from deploy.cli.journey.register import complete
from deploy.cli.journey.steps import PORTAL, PROGRAMME, Journey
from deploy.cli.journey.visit import ANSWERS, period
from shared.ids import new_id
from tests.benchmarks.figures import Reference, within
from tests.benchmarks.system import local_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import date

    from deploy.cli.system import System
    from tests.benchmarks.figures import Figure
    from tests.benchmarks.servers import Servers

OFFICERS = 60
WARM = 5
PAUSE = 0.8
"""Seconds between two measurements, in which the system is idle again."""
TOPIC = "exchange.periods"
MOST = {"p50": 60.0, "p99": 250.0}


async def measure(_: Servers) -> list[Figure]:
    """Return submit to the board, and confirmed eligibility to the provisional match on the board."""
    with local_run() as system:
        log = await _bare_log(system["TANDEM_KAFKA"])
        async with People(system) as people:
            submitted, matched = await _programme(system, people)
    figures = []
    for name, found in (("submit to the board", submitted), ("eligible to the provisional match", matched)):
        for part, value in _parts(found).items():
            reference = Reference(f"bare produce and consume, {part}", round(_parts(log)[part], 1))
            figures.append(within(f"{name}, {part}", value, reference, MOST[part]))
    return figures


def _parts(milliseconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}


async def _bare_log(kafka: str) -> list[float]:
    """Return the milliseconds of each record that aiokafka alone produces and consumes, one at a time."""
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka, group_id=None, auto_offset_reset="latest")
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True, linger_ms=0)
    await consumer.start()
    await producer.start()
    await consumer.seek_to_end()
    found = []
    for _ in range(WARM + OFFICERS):
        started = perf_counter()
        await producer.send_and_wait(TOPIC, b"{}", key=b"bench")
        await consumer.getone()
        found.append((perf_counter() - started) * 1000)
        await asyncio.sleep(0.05)
    await producer.stop()
    await consumer.stop()
    return found[WARM:]


async def _programme(system: System, people: People) -> tuple[list[float], list[float]]:
    """Return a call with places for all, officers who apply one by one, and their eligibility confirmed in turn."""
    walk = Journey(people, movable=False)
    today = datetime.now(UTC).date()
    fund = await complete(walk, today.isoformat())
    call = await people.post(PROGRAMME, f"{PORTAL}/calls", _call(today, fund))
    await _placement(people, call["id"], today)
    officers = await _officers(people, today)
    submitted, matched, applications = [], [], []
    async with _board(system, people, call["id"]) as board:
        for officer in officers:
            draft = {
                "call_id": call["id"],
                "kind": "study_visit",
                "answers": ANSWERS | {"languages": [{"language": "en", "level": "B2"}], "periods": [period(today)]},
                "privacy": True,
            }
            application = str((await people.post(officer, f"{PORTAL}/applications", draft))["id"])
            applications.append(application)
            await people.get(officer, f"{PORTAL}/applications/{application}")  # who submits has seen this version
            await board.rests()
            started = perf_counter()
            async with asyncio.TaskGroup() as both:
                both.create_task(people.post(officer, f"{PORTAL}/applications/{application}/submit"))
                await board.shows("board", partial(_on_board, application))
                submitted.append((perf_counter() - started) * 1000)
        for application in applications:
            await people.post(HOME, f"{PORTAL}/applications/{application}/endorse", {"note": ""})
            judged = await walk.wait_for(
                "an application to be judged",
                PROGRAMME,
                f"{PORTAL}/eligibility",
                partial(_judged, application),
                params={"call_id": call["id"]},
            )
            await board.rests()
            body = {"applications": [{"id": application, "version": judged["version"]}]}
            started = perf_counter()
            async with asyncio.TaskGroup() as both:
                both.create_task(people.post(PROGRAMME, f"{PORTAL}/eligibility/confirm", body))
                await board.shows("provisional", partial(_matched, application), limit=200)
                matched.append((perf_counter() - started) * 1000)
    return submitted[WARM:], matched[WARM:]


def _on_board(application: str, answer: Any) -> bool:
    return any(event["application_id"] == application for event in answer["events"])


def _judged(application: str, answer: Any) -> Any:
    return next((item for item in answer["items"] if item["id"] == application), None)


def _matched(application: str, answer: Any) -> bool:
    return any(item["id"] == application for item in answer["items"])


def _call(today: date, fund: str) -> dict[str, Any]:
    return {
        "kinds": ["study_visit"],
        "texts": [{"language": "en", "title": "Benchmark", "summary": "Made by the benchmarks."}],
        "scheme": "empact-2026",
        "topics": ["online_crime"],
        "opens": today.isoformat(),
        "deadline": datetime.combine(today + timedelta(days=30), time(22, 59, 59), UTC).isoformat(),
        "closes": (today + timedelta(days=180)).isoformat(),
        "visit_periods": [{"start": today.isoformat(), "end": (today + timedelta(days=70)).isoformat()}],
        "rules": {"countries": ["AM"]},
        "fund_id": fund,
    }


async def _placement(people: People, call: str, today: date) -> None:
    """A placement with room for everybody."""
    places = 4 * (WARM + OFFICERS)  # one country may have only a part of a placement
    entry = {
        "title": "A week with the cybercrime unit",
        "city": "Lyon",
        "outline": "Seizure of devices, the laboratory, a closed case.",
        "topics": ["online_crime"],
        "expertise": ["analysis"],
        "places": places,
        "periods": [period(today) | {"places_per_week": 100}],
        "languages": [{"language": "en", "level": "B2"}],
        "days": 2,
    }
    offer = await people.post(HOST, f"{PORTAL}/offers", {"call_id": call, "entry": entry, "submit": True})
    await people.post(HOST_COUNTRY, f"{PORTAL}/offers/{offer['id']}/endorse")
    await people.post(HOST, f"{PORTAL}/offers/{offer['id']}/publish")


async def _officers(people: People, today: date) -> list[str]:
    """Officers of one agency, entered in the register; gives their sign-in subjects."""
    body = {"name": "Benchmark police", "kind": "agency", "country": "AM", "city": "Yerevan"}
    agency = (await people.post(PROGRAMME, f"{PORTAL}/organisations", {"organisations": [body]}))["ids"][0]
    grant = {"role": "officer", "country": "AM", "organisation_id": agency, "since": today.isoformat()}
    entries = [
        {
            "subject": f"officer-{new_id()}",
            "name": f"Officer {number}",
            "email": f"officer.{number}@tandem.example",
            "country": "AM",
            "organisation_id": agency,
            "service": "police",
            "rank_group": "supervisor",
            "years_in_field": 9,
            "grants": [grant],
        }
        for number in range(WARM + OFFICERS)
    ]
    await people.post(PROGRAMME, f"{PORTAL}/people", {"people": entries})
    return [str(entry["subject"]) for entry in entries]


class _Board:
    """A coordinator's open board, which is read again whenever its event stream reports a change."""

    def __init__(self, people: People, call: str) -> None:
        self._people = people
        self._call = call
        self.changed = asyncio.Event()

    async def listen(self, stream: httpx2.Response) -> None:
        async for line in stream.aiter_lines():
            if line.startswith("data"):
                self.changed.set()

    async def rests(self) -> None:
        """Wait until the board has read every change made before."""
        await asyncio.sleep(PAUSE)
        self.changed.clear()

    async def shows(self, what: str, shown: Callable[[Any], bool], **query: Any) -> None:
        """Wait until `shown` accepts what the board reads. Raises `TimeoutError` after 30 seconds."""
        async with asyncio.timeout(30):
            while True:
                await self.changed.wait()
                self.changed.clear()
                if shown(await self._people.get(PROGRAMME, f"/matching/api/v1/{what}", call_id=self._call, **query)):
                    return


@asynccontextmanager
async def _board(system: System, people: People, call: str) -> AsyncIterator[_Board]:
    board = _Board(people, call)
    headers = {"Authorization": f"Bearer {await people._token(PROGRAMME)}"}
    async with (
        httpx2.AsyncClient(timeout=None) as client,
        client.stream("GET", f"{system.origin}/matching/live", headers=headers) as stream,
    ):
        stream.raise_for_status()
        listening = asyncio.create_task(board.listen(stream))
        try:
            yield board
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
