"""Play last year's call from its first day to its close, with some realistic failures."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from deploy.cli.client import Refused
from deploy.cli.outcomes import evaluate, follow_up, pass_on, report, take
from deploy.cli.sample import assessments, line_managers, texts
from deploy.cli.sample.context import API, PROGRAMME
from deploy.cli.sample.plan import FINISHED
from deploy.cli.sample.submissions import answer, clear, decide, judge, open_call, pair_of, send_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deploy.cli.sample.context import LoadContext

# Which match, counted in the order of references, goes another way than most.
_REFUSED, _DECLINED = 3, 6
_CANCELLED, _NO_SHOW, _EARLY, _NO_REPORT, _HOST_SILENT = 2, 5, 8, 11, 12
_FEWER = 2
"""So many people fewer than one officer reported does the line manager confirm."""
# Who of each four is silent after six months.
_SILENT = 2


async def commit(room: LoadContext) -> None:
    """The cohort is committed: all provisional pairs."""
    call_id = room.calls[FINISHED]
    found = await room.people.items(PROGRAMME, "/matching/api/v1/provisional", call_id=call_id)
    body = {"call_id": call_id, "pairs": [pair_of(match) for match in found]}
    await room.people.post(PROGRAMME, "/matching/api/v1/cohorts", body)


async def home_clears(room: LoadContext) -> None:
    """The home countries clear; one does not."""
    found = await room.matches(FINISHED, "proposed")
    for place, match in enumerate(found):
        if place == _REFUSED:
            coordinator = room.programme.coordinator(match["country"])
            body = {"reason": "clearance", "text": "A check of the service is still open."}
            await room.people.post(coordinator, f"{API}/matches/{match['id']}/refuse", body)
    await room.all(clear(room, match, by_host=False) for place, match in enumerate(found) if place != _REFUSED)


async def host_clears(room: LoadContext) -> None:
    """The host countries clear; the places are offered at once."""
    found = await room.matches(FINISHED, "proposed")
    await room.all(clear(room, match, by_host=True) for match in found if match["cleared"].get("home"))


async def answers(room: LoadContext) -> None:
    """Officers, hosts and mentors answer; one officer declines."""
    found = await room.matches(FINISHED, "offered")
    officers = [
        answer(room, match, room.officer_of(match["application_id"]), yes=place != _DECLINED)
        for place, match in enumerate(found)
    ]
    others = [answer(room, match, room.other_side(match)) for place, match in enumerate(found) if place != _DECLINED]
    await room.all([*officers, *others])


async def _mentorships(room: LoadContext) -> list[dict[str, Any]]:
    """Return the matches that became mentorships; asked for once."""
    if not room.pairs:
        found = await room.matches(FINISHED, "confirmed")
        room.pairs = [match for match in found if match["mentorship_id"] is not None]
    return room.pairs


async def _visits(room: LoadContext) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the matches that became visits with a date, each with its visit, by start; asked for once."""
    if not room.visits:
        found = [match for match in await room.matches(FINISHED, "confirmed") if match["visit_id"] is not None]
        visits = await room.all(room.people.get(PROGRAMME, f"{API}/visits/{match['visit_id']}") for match in found)
        pairs = [(match, visit) for match, visit in zip(found, visits, strict=True) if visit["start"] is not None]
        room.visits = sorted(pairs, key=lambda pair: (pair[1]["start"], pair[0]["reference"]))
    return room.visits


async def sign(room: LoadContext) -> None:
    """Mentees and mentors sign, and the mentees set a goal each."""

    async def act(match: dict[str, Any]) -> None:
        at = f"{API}/mentorships/{match['mentorship_id']}"
        mentee = room.officer_of(match["application_id"])
        await room.people.post(mentee, f"{at}/sign")
        await room.people.post(room.other_side(match), f"{at}/sign")
        await room.people.post(mentee, f"{at}/goals", {"text": room.chance.choice(texts.GOALS)})

    await room.all(act(mentorship) for mentorship in await _mentorships(room))


def session(number: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: each pair meets for the n-th time; the mentor logs it, the mentee confirms it."""

    async def act(room: LoadContext) -> None:
        held_on = (room.programme.today + timedelta(days=_SESSIONS[number])).isoformat()

        async def meet(match: dict[str, Any]) -> None:
            at = f"{API}/mentorships/{match['mentorship_id']}/sessions"
            body = {"held_on": held_on, "minutes": 60, "on_site": False, "note": "Goals, and one question of a case."}
            logged = await room.people.post(room.other_side(match), at, body)
            await room.people.post(room.officer_of(match["application_id"]), f"{at}/{logged['id']}/confirm")

        pairs = await _mentorships(room)
        # The last pair met only once and is still under way.
        await room.all(meet(pair) for place, pair in enumerate(pairs) if not (number and place == len(pairs) - 1))

    return act


async def goals_met(room: LoadContext) -> None:
    """The pairs that met often enough close their goals, which completes the mentorship."""

    async def act(match: dict[str, Any]) -> None:
        at = f"{API}/mentorships/{match['mentorship_id']}"
        mentee = room.officer_of(match["application_id"])
        for goal in (await room.people.get(mentee, at))["goals"]:
            await room.people.post(mentee, f"{at}/goals/{goal['id']}/close", {"met": True})

    pairs = await _mentorships(room)
    await room.all(act(pair) for pair in pairs[:-1])


async def pairs_evaluate(room: LoadContext) -> None:
    """Mentees and mentors of completed mentorships evaluate."""
    done = (await _mentorships(room))[:-1]
    await room.all(
        evaluate(room.people, person, "mentorships", match["mentorship_id"], lambda: room.chance.choice((3, 4, 4, 5)))
        for match in done
        for person in (room.officer_of(match["application_id"]), room.other_side(match))
    )


async def agree(room: LoadContext) -> None:
    """Guests and hosts agree on the agendas, guests take the test before; one visit is cancelled: no visa."""

    async def act(place: int, match: dict[str, Any]) -> None:
        guest, host = room.officer_of(match["application_id"]), room.other_side(match)
        if place == _CANCELLED:
            body = {"reason": "visa_refused", "text": "The consulate refused the visa."}
            await room.people.post(guest, f"{API}/matches/{match['id']}/cancel", body)
            return
        at = f"{API}/visits/{match['visit_id']}"
        await room.people.post(host, f"{at}/agenda/agree")
        agreed = await room.people.post(guest, f"{at}/agenda/agree")
        if "test_before" in assessments.purposes(agreed):
            known = assessments.answers(match["topic"], place, after=False)
            await take(room.people, guest, match["visit_id"], "test_before", known)

    await room.all(act(place, match) for place, (match, _) in enumerate(await _visits(room)))


def week(after: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: hosts record who was there on the visits that ended in the week up to this day."""

    async def act(room: LoadContext) -> None:
        last = room.programme.today + timedelta(days=after)

        async def attend(place: int, match: dict[str, Any], visit: dict[str, Any]) -> None:
            host, at = room.other_side(match), f"{API}/visits/{visit['id']}"
            days = visit["days"]
            if place == _NO_SHOW:
                await room.people.post(host, f"{at}/no-show", {"reason": "operational_duty"})
            elif place == _EARLY and len(days) > 2:
                there = dict.fromkeys(days[:-1], True)
                await room.people.post(host, f"{at}/attendance", {"days": there})

                async def begun() -> str | None:
                    state = str((await room.people.get(host, at))["state"])
                    return state if state != "scheduled" else None

                # On a busy machine the time for recording may be over before one looks: it has ended by itself then.
                if await room.people.until("the visit is under way", begun) == "under_way":
                    body = {"last_day": days[-2], "reason": "operational_duty"}
                    with suppress(Refused):
                        await room.people.post(host, f"{at}/early-return", body)
            else:
                await room.people.post(host, f"{at}/attendance", {"days": dict.fromkeys(days, True)})

        due = [
            (place, match, visit)
            for place, (match, visit) in enumerate(await _visits(room))
            if place != _CANCELLED
            and visit["id"] not in room.finished_visits
            and date.fromisoformat(visit["end"]) <= last
        ]
        room.finished_visits |= {visit["id"] for _, _, visit in due}
        await room.all(attend(*row) for row in due)

    return act


async def evaluate_visits(room: LoadContext) -> None:
    """Guests and hosts of the visits that ended since the last time evaluate, guests report; two leave a form out."""

    def score() -> int:
        return room.chance.choice((3, 4, 4, 5, 5))

    async def act(place: int, match: dict[str, Any], visit: dict[str, Any]) -> None:
        guest, host = room.officer_of(match["application_id"]), room.other_side(match)
        purposes = {task["purpose"] for task in (await room.people.get(guest, f"{API}/visits/{visit['id']}"))["tasks"]}
        await evaluate(room.people, guest, "visits", visit["id"], score)
        if place != _HOST_SILENT:
            await evaluate(room.people, host, "visits", visit["id"], score)
        if "test_after" in purposes:
            known = assessments.answers(match["topic"], place, after=True)
            await take(room.people, guest, visit["id"], "test_after", known)
        if place != _NO_REPORT and "report" in purposes:
            await report(room.people, guest, visit["id"])

    due = [
        (place, match, visit)
        for place, (match, visit) in enumerate(await _visits(room))
        if place != _NO_SHOW and visit["id"] in room.finished_visits - room.evaluated
    ]
    room.evaluated |= {visit["id"] for _, _, visit in due}
    await room.all(act(*row) for row in due)


async def after_six_months(room: LoadContext) -> None:
    """Most guests say whether they use what they learnt; line managers say what they know of sessions at home."""
    await room.all([follow_ups(room), managers_confirm(room)])


async def follow_ups(room: LoadContext) -> None:
    """Most guests say whether they use what they learnt."""

    async def act(place: int, match: dict[str, Any], visit: dict[str, Any]) -> None:
        guest = room.officer_of(match["application_id"])
        tasks = (await room.people.get(guest, f"{API}/visits/{visit['id']}"))["tasks"]
        if any(task["purpose"] == "follow_up" and not task["done"] for task in tasks):
            applied = ("yes", "partly", "yes", "no")[place % 4]
            await follow_up(room.people, guest, "visits", visit["id"], applied)

    await room.all(
        act(place, match, visit)
        for place, (match, visit) in enumerate(await _visits(room))
        # Whose country is suspended by then has no access, so nobody of it answers.
        if visit["id"] in room.evaluated and place % 4 != _SILENT and match["country"] != "BY"
    )


async def _passed_on(room: LoadContext) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Return the visits whose guests report a session at home, each with its place among all visits and its match."""
    return [
        (place, match, visit)
        for place, (match, visit) in enumerate(await _visits(room))
        if visit["id"] in room.evaluated and place % 3 == 0 and match["country"] != "BY"
    ]


async def managers_confirm(room: LoadContext) -> None:
    """By the links in their mails: most confirm what was reported, one a lower number; the last one is silent."""
    *answered, _ = await _passed_on(room)
    await room.all(
        line_managers.confirm(room, match, _FEWER if number == 1 else 0)
        for number, (_, match, _) in enumerate(answered)
    )


async def cascades(room: LoadContext) -> None:
    """Some guests tell whom they passed it on to; their line managers, who have no account, get a mail with a link."""

    async def act(place: int, match: dict[str, Any], visit: dict[str, Any]) -> None:
        held_on = date.fromisoformat(visit["end"]) + timedelta(days=21)
        session = {"held_on": held_on.isoformat(), **texts.SESSIONS[place % len(texts.SESSIONS)]}
        await pass_on(room.people, room.officer_of(match["application_id"]), visit["id"], session)

    await room.all(act(*row) for row in await _passed_on(room))


async def close(room: LoadContext) -> None:
    """Close the call; applicants without a place are notified."""
    await room.people.post(PROGRAMME, f"{API}/calls/{room.calls[FINISHED]}/close")


_SESSIONS = (-300, -275, -245)
_WEEKS = tuple(range(-262, -216, 7))
STEPS = (
    (-360, "First call", open_call(FINISHED)),
    (-356, "First call: placements", send_in(FINISHED, -356, -355)),
    (-352, "First call: more placements and mentors", send_in(FINISHED, -352, -351)),
    (-350, "First call: applications", send_in(FINISHED, -350)),
    (-346, "First call: applications", send_in(FINISHED, -346)),
    (-342, "First call: applications", send_in(FINISHED, -342)),
    (-341, "First call: endorsements", decide(FINISHED, -350, -346)),
    (-338, "First call: applications", send_in(FINISHED, -338)),
    (-334, "First call: endorsements", decide(FINISHED, -342, -338)),
    (-330, "First call: eligibility", judge(FINISHED, -350, -346, -342, -338)),
    (-326, "Tests before and after a visit", assessments.write),
    (-324, "First call: the cohort", commit),
    (-322, "First call: clearance by the home countries", home_clears),
    (-320, "First call: clearance by the host countries", host_clears),
    (-316, "First call: answers", answers),
    (-312, "First call: mentoring agreements", sign),
    *((day, "First call: mentoring sessions", session(number)) for number, day in enumerate(_SESSIONS)),
    (-290, "First call: agendas", agree),
    *((day, "First call: visits", week(day)) for day in _WEEKS),
    *((day + 3, "First call: evaluations and reports", evaluate_visits) for day in _WEEKS),
    (-240, "First call: goals", goals_met),
    (-238, "First call: mentors and mentees evaluate", pairs_evaluate),
    (-170, "First call closes", close),
    (-110, "First call: what was passed on at home", cascades),
    (-62, "First call: follow-up after six months", after_six_months),
)
"""The steps of the finished call: (day, what is done in words, how)."""
