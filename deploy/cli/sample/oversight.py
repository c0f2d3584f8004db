"""Look after what goes wrong: appeals, incidents, a dead letter; and tell another system by a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from deploy.cli import redrive
from deploy.cli.sample.context import API, PROGRAMME, SECOND
from deploy.cli.sample.plan import OPEN, Progress

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext
    from deploy.cli.sample.plan import Application
    from shared.bus.dead_letters.letters import DeadLetter

_HOOKS = "/notifications/api/v1/webhooks"
_STRAY, _READER = "exchange.counting", "reporting"
"""On this topic a record appears that is no event; this service reads it."""


async def report_incident(room: LoadContext) -> None:
    """A guest of the first call reports trouble on the way home; the programme follows it up and closes it.

    Whose country is suspended by then has no access.
    """
    match = next(match for match, visit in room.visits if visit["id"] in room.evaluated and match["country"] != "BY")
    guest = room.officer_of(match["application_id"])
    body = {
        "category": "travel",
        "text": "My connection was cancelled, and I had to spend a night at the airport.",
        "readers": ["programme"],
    }
    made = await room.people.post(guest, f"{API}/matches/{match['id']}/incidents", body)
    at = f"{API}/incidents/{made['id']}"
    await room.people.post(PROGRAMME, f"{at}/acknowledge")
    await room.people.post(PROGRAMME, f"{at}/notes", {"text": "The insurer pays the hotel."})
    await room.people.post(PROGRAMME, f"{at}/close", {"text": "The hotel is paid. Thank you for your report."})


async def report_another(room: LoadContext) -> None:
    """An officer of the second call reports an incident that waits for its readers."""
    match = (await room.matches(OPEN, "confirmed"))[0]
    body = {
        "category": "data",
        "text": "The notes of our last meeting were sent to a wrong address. They name two colleagues.",
        "readers": ["programme", "data_protection", "country"],
    }
    await room.people.post(room.officer_of(match["application_id"]), f"{API}/matches/{match['id']}/incidents", body)


async def appeal(room: LoadContext) -> None:
    """Officers who were not endorsed, or found ineligible, appeal."""
    text = "My unit has changed since, and my head of unit supports the visit."
    await room.all(
        room.people.post(planned.officer, f"{API}/applications/{room.applications[place]}/appeal", {"text": text})
        for place, planned in _not_endorsed(room)[:2]
    )


async def decide_appeal(room: LoadContext) -> None:
    """The second coordinator decides one appeal; the other one still waits."""
    place, _ = _not_endorsed(room)[0]
    body = {"outcome": "upheld", "answer": "The reason no longer holds. Your country looks at it again."}
    await room.people.post(SECOND, f"{API}/applications/{room.applications[place]}/appeal/decide", body)


async def appeal_eligibility(room: LoadContext) -> None:
    """An officer who was found ineligible by one coordinator appeals: it is for the other one to decide."""
    for place, planned in room.planned(OPEN):
        if planned.day != _JUDGED_LATELY or planned.fate is not Progress.JUDGED:
            continue
        found = await room.people.get(planned.officer, f"{API}/applications/{room.applications[place]}")
        if found["state"] == "ineligible":
            text = "I have passed the language test since; the certificate is on its way."
            at = f"{API}/applications/{room.applications[place]}/appeal"
            await room.people.post(planned.officer, at, {"text": text})
            return


_JUDGED_LATELY = -21


def _not_endorsed(room: LoadContext) -> list[tuple[int, Application]]:
    return [
        (place, planned)
        for place, planned in room.planned(OPEN)
        if planned.fate is Progress.NOT_ENDORSED and planned.day == _JUDGED_LATELY
    ]


async def register_webhook(room: LoadContext) -> None:
    """Another system of the programme gets calls and published periods: the mail catcher stands for it."""
    if room.mail is None:
        return
    body = {
        "url": f"{room.mail}/webhooks/figures",
        "description": "The programme's figures system",
        "events": ["CallPublished", "PeriodPublished", "PeriodRestated", "FigurePublished"],
        "reach": "inside",
    }
    await room.people.post(PROGRAMME, _HOOKS, body)


async def stray_record(room: LoadContext) -> None:
    """Somebody writes a record to the log that is no event: it is set aside, explained and passed over."""
    producer = AIOKafkaProducer(bootstrap_servers=room.system["TANDEM_KAFKA"])
    await producer.start()
    try:
        await producer.send_and_wait(_STRAY, b"connection test", key=b"connection test")
    finally:
        await producer.stop()
    found: list[DeadLetter] = []

    async def set_aside() -> bool:
        found[:] = await redrive.dead_letters(room.system, _READER)
        return bool(found)

    await room.people.until("the stray record is set aside", set_aside)
    reason = "A connection test of the network team, written to the wrong system. It is no event of the programme."
    await redrive.skip_one(room.system, _READER, found[0].id, PROGRAMME, reason)


STEPS = (
    (-21, "A webhook", register_webhook),
    (-20, "First call: an incident", report_incident),
    (-13, "Second call: appeals", appeal),
    (-11, "A stray record on the log", stray_record),
    (-6, "Second call: an appeal is decided", decide_appeal),
    (-5, "Second call: another appeal", appeal_eligibility),
    (-3, "Second call: an incident", report_another),
)
"""The steps of oversight: (day, what is done in words, how)."""
