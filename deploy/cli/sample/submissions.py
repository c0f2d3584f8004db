"""Open the calls, and send in what hosts, mentors and officers planned, for both calls alike."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from deploy.cli.sample import texts
from deploy.cli.sample.context import API, PROGRAMME
from deploy.cli.sample.plan import CALLS, Progress
from shared.contracts.codes import EMPACT_2026, PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from deploy.cli.sample.context import LoadContext
    from deploy.cli.sample.plan import Application, Mentor, Offer


def open_call(key: str) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: the programme coordinator publishes the call."""

    async def act(room: LoadContext) -> None:
        call = next(call for call in CALLS if call.key == key)
        today = room.programme.today
        fund = (await room.people.get(PROGRAMME, f"{API}/funds"))["items"][0]["id"]

        def day(count: int) -> str:
            return (today + timedelta(days=count)).isoformat()

        deadline = datetime.combine(today + timedelta(days=call.deadline), time(22, 59, 59), UTC)
        body = {
            "kinds": ["study_visit", "mentee"],
            "texts": [{"language": "en", "title": call.title, "summary": call.summary}],
            "scheme": EMPACT_2026,
            "topics": list(PRIORITIES[EMPACT_2026]),
            "opens": day(call.published),
            "deadline": deadline.isoformat(),
            "closes": day(call.closes),
            "visit_periods": [{"start": day(call.visits[0]), "end": day(call.visits[1])}],
            "rules": {"minimum_years": 3, "minimum_level": "B1", "countries": list(call.countries)},
            "quotas": [{"country": country, "floor": 1, "ceiling": 12} for country in call.countries],
            "fund_id": fund,
        }
        room.calls[key] = (await room.people.post(PROGRAMME, f"{API}/calls", body))["id"]

    return act


def send_in(call: str, *days: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: hosts, mentors and officers send in what they planned for these days."""

    async def act(room: LoadContext) -> None:
        await room.all(
            [
                *(
                    _offer(room, place, offer)
                    for place, offer in enumerate(room.programme.offers)
                    if offer.call == call and offer.day in days
                ),
                *(
                    _mentor(room, mentor)
                    for mentor in room.programme.mentors
                    if mentor.call == call and mentor.day in days
                ),
                *(
                    _apply(room, place, application)
                    for place, application in room.planned(call)
                    if application.day in days
                ),
            ]
        )

    return act


async def _offer(room: LoadContext, place: int, offer: Offer) -> None:
    contact = room.programme.contact(offer.host)
    body = {"call_id": room.calls[offer.call], "entry": offer.entry, "submit": True}
    made = await room.people.post(contact, f"{API}/offers", body)
    room.offers[place] = made["id"]
    country = made["country"]
    coordinator = room.programme.coordinator(country)
    if offer.state == "published":
        await room.people.post(coordinator, f"{API}/offers/{made['id']}/endorse")
        await room.people.post(contact, f"{API}/offers/{made['id']}/publish")
    elif offer.state == "returned":
        remarks = {"agenda": "Please say on which days the guest is with whom."}
        await room.people.post(coordinator, f"{API}/offers/{made['id']}/return", {"remarks": remarks})


async def _mentor(room: LoadContext, mentor: Mentor) -> None:
    body = {"call_id": room.calls[mentor.call], "entry": mentor.entry, "publish": True}
    made = await room.people.post(mentor.mentor, f"{API}/mentors", body)
    room.mentors[made["id"]] = mentor.mentor


async def _apply(room: LoadContext, place: int, planned: Application) -> None:
    body = {
        "call_id": room.calls[planned.call],
        "kind": planned.kind,
        "answers": planned.answers,
        "privacy": planned.fate is not Progress.DRAFT,
        "submit": planned.fate is not Progress.DRAFT,
    }
    made = await room.people.post(planned.officer, f"{API}/applications", body)
    room.applications[place] = made["id"]


def decide(call: str, *days: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: the home national coordinators decide on what came in on these days."""

    async def act(room: LoadContext) -> None:
        await room.all(
            _decide(room, place, application) for place, application in room.planned(call) if application.day in days
        )

    return act


async def _decide(room: LoadContext, place: int, planned: Application) -> None:
    at = f"{API}/applications/{room.applications[place]}"
    person = next(person for person in room.programme.people if person.subject == planned.officer)
    coordinator = room.programme.coordinator(person.country or "")
    match planned.fate:
        case Progress.DRAFT | Progress.SUBMITTED:
            return
        case Progress.WITHDRAWN:
            await room.people.post(planned.officer, f"{at}/withdraw", {"reason": "operational_duty"})
        case Progress.NOT_ENDORSED:
            body = {"reason": "priority_given_to_others", "text": "Two colleagues of your unit go this year."}
            await room.people.post(coordinator, f"{at}/not-endorse", body)
        case Progress.RETURNED:
            await room.people.post(coordinator, f"{at}/return", {"remarks": texts.RETURNED})
        case Progress.ENDORSED | Progress.JUDGED:
            if place % 9 == 4:  # some are asked first, and answer
                await room.people.post(coordinator, f"{at}/return", {"remarks": texts.RETURNED})
                await room.people.post(planned.officer, f"{at}/submit")
            await room.people.post(coordinator, f"{at}/endorse", {"note": ""})


def judge(call: str, *days: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: the programme coordinator confirms what the rules say about the endorsed of these days."""

    async def act(room: LoadContext) -> None:
        wanted = {
            room.applications[place]
            for place, application in room.planned(call)
            if application.day in days and application.fate is Progress.JUDGED
        }
        ready = await room.people.items(PROGRAMME, f"{API}/eligibility", call_id=room.calls[call])
        read = [{"id": judged["id"], "version": judged["version"]} for judged in ready if judged["id"] in wanted]
        await room.people.post(PROGRAMME, f"{API}/eligibility/confirm", {"applications": read})

    return act


def pair_of(match: Mapping[str, Any]) -> dict[str, Any]:
    """Return a provisional match as a cohort names it."""
    return {"application_id": match["id"], "seat_id": match["seat_id"], "version": match["version"]}


async def clear(room: LoadContext, match: dict[str, Any], *, by_host: bool) -> None:
    """One country clears a match."""
    country = match["host_country"] if by_host else match["country"]
    await room.people.post(room.programme.coordinator(country), f"{API}/matches/{match['id']}/clear")


async def answer(room: LoadContext, match: dict[str, Any], person: str, *, yes: bool = True) -> None:
    """Somebody answers a match that is offered."""
    body = {"answer": "accept"} if yes else {"answer": "decline", "reason": "timetable_conflict"}
    await room.people.post(person, f"{API}/matches/{match['id']}/answer", body)
