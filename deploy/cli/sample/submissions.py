"""Open the calls, and send in what hosts, mentors and officers planned, for both calls alike."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from deploy.cli.client import Refused
from deploy.cli.sample import texts
from deploy.cli.sample.context import API, PROGRAMME
from deploy.cli.sample.plan import CALLS, Progress
from deploy.cli.sample.wishes import wish
from deploy.cli.system import Failed
from shared.contracts.codes import EMPACT_2026, PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from deploy.cli.answers import Decided, Match, Pair, ProvisionalMatch, Versioned
    from deploy.cli.sample.context import LoadContext
    from deploy.cli.sample.plan import Application, Mentor, Offer


def open_call(key: str) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: the programme coordinator publishes the call."""

    async def act(room: LoadContext) -> None:
        call = next(call for call in CALLS if call.key == key)
        fund = (await room.people.get(PROGRAMME, f"{API}/funds"))["items"][0]["id"]

        def day(count: int) -> str:
            return room.programme.day(key, count).isoformat()

        deadline = datetime.combine(room.programme.day(key, call.deadline), time(22, 59, 59), UTC)
        ceilings = dict(call.ceilings)
        body = {
            "kinds": ["study_visit", "mentee"],
            "texts": [{"language": "en", "title": call.title, "summary": call.summary}],
            "scheme": EMPACT_2026,
            "topics": list(PRIORITIES[EMPACT_2026]),
            "opens": day(call.published if call.opens is None else call.opens),
            "deadline": deadline.isoformat(),
            "closes": day(call.closes),
            "visit_periods": [{"start": day(call.visits[0]), "end": day(call.visits[1])}],
            "rules": {
                "minimum_years": 3,
                "minimum_level": "B1",
                "countries": list(call.countries),
                "first_time_first": True,
            },
            "quotas": [
                {"country": country, "floor": 1, "ceiling": ceilings.get(country, 12)} for country in call.countries
            ],
            "wishes": call.wishes,
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
    submitted = planned.fate is not Progress.DRAFT
    body = {
        "call_id": room.calls[planned.call],
        "kind": planned.kind,
        "answers": planned.answers,
        "privacy": submitted,
        "submit": submitted and not planned.wishes,
    }
    made = await room.people.post(planned.officer, f"{API}/applications", body)
    room.applications[place] = made["id"]
    if planned.wishes:
        await wish(room, planned, made["id"])
        if submitted:
            await room.people.post(planned.officer, f"{API}/applications/{made['id']}/submit")


def keep_company(call: str, *days: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: officers who sent in an application on these days name their companions, who agree."""

    async def act(room: LoadContext) -> None:
        emails = {person.subject: person.email for person in room.programme.people}
        for place, planned in room.planned(call):
            if planned.companion is None or planned.day not in days:
                continue
            mode, companion = planned.companion
            body = {"mode": mode, "written": emails[companion]}
            await room.people.post(planned.officer, f"{API}/applications/{room.applications[place]}/companions", body)
            for invitation in (await room.people.get(companion, f"{API}/companions"))["items"]:
                if invitation["state"] == "asked":
                    await room.people.post(companion, f"{API}/companions/{invitation['id']}/answer", {"yes": True})

    return act


def decide(call: str, *days: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: the home national coordinators decide on what came in on these days, on many at once."""

    async def act(room: LoadContext) -> None:
        by_country: dict[str, list[tuple[int, Application]]] = defaultdict(list)
        countries = {person.subject: person.country or "" for person in room.programme.people}
        for place, application in room.planned(call):
            if application.day in days:
                by_country[countries[application.officer]].append((place, application))
        await room.all(_decide(room, country, planned) for country, planned in by_country.items())

    return act


_REFUSED = {"reason": "priority_given_to_others", "text": "Two colleagues of your unit go this year."}


async def _decide(room: LoadContext, country: str, planned: list[tuple[int, Application]]) -> None:
    """Decide on the applications of one country."""
    coordinator = room.programme.coordinator(country)
    endorsed = [place for place, each in planned if each.fate in {Progress.ENDORSED, Progress.JUDGED}]
    returned = [place for place in endorsed if place % 9 == 4]  # some are asked first, and answer
    for place, application in planned:
        if application.fate is Progress.WITHDRAWN:
            at = f"{API}/applications/{room.applications[place]}/withdraw"
            await room.people.post(application.officer, at, {"reason": "operational_duty"})
    queue = await _queue(room, coordinator)
    await _decided(room, coordinator, queue, returned, {"decision": "return", "remarks": texts.RETURNED})
    await room.all(
        room.people.post(officer, f"{API}/applications/{room.applications[place]}/submit")
        for place, officer in ((place, room.programme.applications[place].officer) for place in returned)
    )
    for fate, decision in (
        (Progress.NOT_ENDORSED, {"decision": "not_endorse", **_REFUSED}),
        (Progress.RETURNED, {"decision": "return", "remarks": texts.RETURNED}),
    ):
        await _decided(room, coordinator, queue, [place for place, each in planned if each.fate is fate], decision)
    if returned:  # they have come back in other versions
        queue = await _queue(room, coordinator)
    await _decided(room, coordinator, queue, endorsed, {"decision": "endorse"})


async def _queue(room: LoadContext, coordinator: str) -> list[Versioned]:
    """Return the applications that wait for the endorsement of a coordinator."""
    waiting: list[Versioned] = await room.people.items(coordinator, f"{API}/queue", state="submitted")
    return waiting


async def _decided(
    room: LoadContext,
    coordinator: str,
    queue: Iterable[Versioned],
    places: Iterable[int],
    decision: Mapping[str, object],
) -> None:
    """Decide the same on several applications as the queue has them, by their places in the plan."""
    wanted = {room.applications[place] for place in places}
    if not wanted:
        return
    read = read_items(each for each in queue if each["id"] in wanted)
    body = {"applications": read, **decision}
    complete(await room.people.post(coordinator, f"{API}/decisions", body), len(wanted))


def read_items(items: Iterable[Versioned]) -> list[Versioned]:
    """Return listed records as a decision on many names them: ids with the versions that were read."""
    return [{"id": item["id"], "version": item["version"]} for item in items]


def complete(result: Decided | None, wanted: int) -> None:
    """Raise `Failed` unless a decision on many was possible for all of them."""
    if result is not None and (result["left"] or len(result["done"]) != wanted):
        raise Failed(f"Of {wanted} records {len(result['done'])} were decided on: {result['left']}")


def judge(call: str, *days: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: the programme coordinator confirms what the rules say about the endorsed of these days."""

    async def act(room: LoadContext) -> None:
        wanted = {
            room.applications[place]
            for place, application in room.planned(call)
            if application.day in days and application.fate is Progress.JUDGED
        }
        ready = await room.people.items(PROGRAMME, f"{API}/eligibility", call_id=room.calls[call])
        read = read_items(judged for judged in ready if judged["id"] in wanted)
        await room.people.post(PROGRAMME, f"{API}/eligibility/confirm", {"applications": read})

    return act


async def commit_cohort(
    room: LoadContext,
    call: str,
    choose: Callable[[list[ProvisionalMatch]], list[ProvisionalMatch]] = list,
    *,
    reserves: bool = False,
) -> None:
    """Commit the provisional matches of a call that `choose` picks.

    Where the matching has moved since they were read, they are read again, as a coordinator does. Raises `Failed`.
    """
    call_id = room.calls[call]

    async def committed() -> bool:
        found = await provisional(room, call)
        body = {"call_id": call_id, "pairs": [pair_of(match) for match in choose(found)], "reserves": reserves}
        try:
            await room.people.post(PROGRAMME, "/matching/api/v1/cohorts", body)
        except Refused as error:
            if error.status != _MOVED:
                raise
            return False
        return True

    await room.people.until("a cohort of the present provisional matches", committed, timeout=60)


async def provisional(room: LoadContext, call: str) -> list[ProvisionalMatch]:
    """Return the provisional matches of a call, once the matching knows all facts. Raises `Failed`."""

    async def up_to_date() -> list[list[ProvisionalMatch]] | None:
        path = "/matching/api/v1/provisional"
        answer = await room.people.get(PROGRAMME, path, call_id=room.calls[call], limit=_MOST_MATCHES)
        return [answer["items"]] if answer["input_version"] == answer["matched_version"] else None

    (found,) = await room.people.until("the matching of all facts", up_to_date, timeout=60)
    matches: list[ProvisionalMatch] = found
    return matches


_MOVED = 409
_MOST_MATCHES = 200


def pair_of(match: ProvisionalMatch) -> Pair:
    """Return a provisional match as a cohort names it."""
    return {"application_id": match["id"], "seat_id": match["seat_id"], "version": match["version"]}


async def clear(room: LoadContext, matches: Iterable[Match], *, by_host: bool) -> None:
    """The countries of one side clear matches, each all of its own at once."""
    by_country: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        by_country[match["host_country"] if by_host else match["country"]].append(match)

    async def act(country: str, own: list[Match]) -> None:
        body = {"matches": read_items(own)}
        done = await room.people.post(room.programme.coordinator(country), f"{API}/matches/clear", body)
        complete(done, len(own))

    await room.all(act(country, own) for country, own in by_country.items())


async def answer(room: LoadContext, match: Match, person: str, *, yes: bool = True) -> None:
    """Somebody answers a match that is offered."""
    body = {"answer": "accept"} if yes else {"answer": "decline", "reason": "timetable_conflict"}
    await room.people.post(person, f"{API}/matches/{match['id']}/answer", body)
