"""Play last year's call from its first day to its close, with some realistic failures."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from itertools import cycle
from typing import TYPE_CHECKING

from deploy.cli.client import Refused
from deploy.cli.outcomes import evaluate, follow_up, pass_on, report, take
from deploy.cli.sample import assessments, line_managers, texts
from deploy.cli.sample.context import API, PROGRAMME
from deploy.cli.sample.plan import FINISHED
from deploy.cli.sample.submissions import answer, clear, commit_cohort, decide, judge, open_call, send_in
from shared.contracts.codes import Applied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from deploy.cli.answers import CascadeSession, ListedVisit, Match
    from deploy.cli.sample.context import LoadContext

# Which match, counted in the order of the plan, goes another way than most.
_REFUSED, _DECLINED = 3, 6
_CANCELLED, _NO_SHOW, _EARLY, _NO_REPORT, _HOST_SILENT = 2, 5, 8, 11, 12
_FEWER = 2
"""So many people fewer than one officer reported does the line manager confirm."""


def evaluates_late(place: int) -> bool:
    """Return whether the guest of a visit, by its place among all, evaluates after more than a week."""
    return place % 6 == 4


def never_evaluates(place: int) -> bool:
    """Return whether the guest of a visit never evaluates."""
    return place % 9 == 7


def _scores(place: int) -> Callable[[], int]:
    """Return what gives the scores of a visit's forms, by its place: mostly good ones, some not."""
    scores = cycle(_SCORES[place % len(_SCORES) :] + _SCORES[: place % len(_SCORES)])
    return lambda: next(scores)


_SCORES = (5, 4, 4, 5, 3, 4, 5)
GUESTS_SAY: tuple[Applied | None, ...] = (Applied.YES, Applied.YES, Applied.PARTLY, None, Applied.YES, Applied.NO)
MANAGERS_SAY: tuple[Applied | None, ...] = (Applied.YES, Applied.PARTLY, Applied.YES, Applied.YES, None)
"""The answers of guests and of line managers after six months, in turn: whether it is used. None: no answer."""


async def commit(room: LoadContext) -> None:
    """The cohort is committed: all provisional pairs."""
    await commit_cohort(room, FINISHED)


async def home_clears(room: LoadContext) -> None:
    """The home countries clear; one does not."""
    found = await room.matches(FINISHED, "proposed")
    for place, match in enumerate(found):
        if place == _REFUSED:
            coordinator = room.programme.coordinator(match["country"])
            body = {"reason": "clearance", "text": "A check of the service is still open."}
            await room.people.post(coordinator, f"{API}/matches/{match['id']}/refuse", body)
    await clear(room, [match for place, match in enumerate(found) if place != _REFUSED], by_host=False)


async def host_clears(room: LoadContext) -> None:
    """The host countries clear; the places are offered at once."""
    found = await room.matches(FINISHED, "proposed")
    await clear(room, [match for match in found if match["cleared"].get("home")], by_host=True)


async def answers(room: LoadContext) -> None:
    """Officers, hosts and mentors answer; one officer declines."""
    found = await room.matches(FINISHED, "offered")
    officers = [
        answer(room, match, room.officer_of(match["application_id"]), yes=place != _DECLINED)
        for place, match in enumerate(found)
    ]
    others = [answer(room, match, room.other_side(match)) for place, match in enumerate(found) if place != _DECLINED]
    await room.all([*officers, *others])


async def _mentorships(room: LoadContext) -> list[Match]:
    """Return the matches that became mentorships; asked for once."""
    if not room.pairs:
        found = await room.matches(FINISHED, "confirmed")
        room.pairs = [match for match in found if match["mentorship_id"] is not None]
    return room.pairs


async def _visits(room: LoadContext) -> list[tuple[Match, ListedVisit]]:
    """Return the matches that became visits with a date, each with its visit, by start; asked for once."""
    if not room.visits:
        by_id = {visit["id"]: visit for visit in await room.people.items(PROGRAMME, f"{API}/visits")}
        found = [match for match in await room.matches(FINISHED, "confirmed") if match["visit_id"] is not None]
        pairs = [(match, by_id[match["visit_id"]]) for match in found]
        pairs = [(match, visit) for match, visit in pairs if visit["start"] is not None]
        places = room.places(FINISHED)
        room.visits = sorted(pairs, key=lambda pair: (pair[1]["start"], places[pair[0]["application_id"]]))
    return room.visits


async def sign(room: LoadContext) -> None:
    """Mentees and mentors sign, and the mentees set a goal each."""
    await sign_all(room, await _mentorships(room))


async def sign_all(room: LoadContext, pairs: Sequence[Match]) -> None:
    """Mentees and mentors of these pairs sign, and the mentees set a goal each."""

    async def act(place: int, match: Match) -> None:
        at = f"{API}/mentorships/{match['mentorship_id']}"
        mentee = room.officer_of(match["application_id"])
        await room.people.post(mentee, f"{at}/sign")
        await room.people.post(room.other_side(match), f"{at}/sign")
        await room.people.post(mentee, f"{at}/goals", {"text": texts.GOALS[place % len(texts.GOALS)]})

    await room.all(act(place, mentorship) for place, mentorship in enumerate(pairs))


def session(number: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: each pair meets for the n-th time; the mentor logs it, the mentee confirms it."""

    async def act(room: LoadContext) -> None:
        held_on = room.programme.days.past(_SESSIONS[number])
        pairs = await _mentorships(room)
        # The last pair met only once.
        await room.all(meet(room, pair, held_on) for pair in (pairs[:-1] if number else pairs))

    return act


async def meet(room: LoadContext, match: Match, held_on: date, *, confirmed: bool = True) -> None:
    """The mentor logs a session, and the mentee confirms it."""
    at = f"{API}/mentorships/{match['mentorship_id']}/sessions"
    body = {
        "held_on": held_on.isoformat(),
        "minutes": 60,
        "on_site": False,
        "note": "Goals, and one question of a case.",
    }
    logged = await room.people.post(room.other_side(match), at, body)
    if confirmed:
        await room.people.post(room.officer_of(match["application_id"]), f"{at}/{logged['id']}/confirm")


async def goals_met(room: LoadContext) -> None:
    """The pairs that met often enough close their goals, which completes the mentorship."""

    async def act(match: Match) -> None:
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
        evaluate(room.people, person, "mentorships", match["mentorship_id"], _scores(place))
        for place, match in enumerate(done)
        if match["mentorship_id"] is not None
        for person in (room.officer_of(match["application_id"]), room.other_side(match))
    )


async def agree(room: LoadContext) -> None:
    """Guests and hosts agree on the agendas, guests take the test before; one visit is cancelled: no visa."""

    async def act(place: int, match: Match, visit: ListedVisit) -> None:
        guest, host = room.officer_of(match["application_id"]), room.other_side(match)
        if place == _CANCELLED:
            body = {"reason": "visa_refused", "text": "The consulate refused the visa."}
            await room.people.post(guest, f"{API}/matches/{match['id']}/cancel", body)
            return
        at = f"{API}/visits/{visit['id']}"
        await room.people.post(host, f"{at}/agenda/agree")
        agreed = await room.people.post(guest, f"{at}/agenda/agree")
        room.visit_days[visit["id"]] = agreed["days"]
        if "test_before" in assessments.purposes(agreed):
            known = assessments.answers(match["topic"], place, after=False)
            await take(room.people, guest, visit["id"], "test_before", known)

    await room.all(act(place, match, visit) for place, (match, visit) in enumerate(await _visits(room)))


def week(after: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: hosts record who was there on the visits that ended in the week up to this day."""

    async def act(room: LoadContext) -> None:
        last = room.programme.days.past(after)

        async def attend(place: int, match: Match, visit: ListedVisit) -> None:
            host, at = room.other_side(match), f"{API}/visits/{visit['id']}"
            days = room.visit_days[visit["id"]]
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


def evaluations(after: int) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: what guests and hosts hand in at this day about the visits that are over.

    Most evaluate within a week, a few in the week after, one or two never; guests report, and take the test again.
    """

    async def act(room: LoadContext) -> None:
        now = room.programme.days.past(after)
        due = []
        for place, (match, visit) in enumerate(await _visits(room)):
            over = visit["id"] in room.finished_visits - room.evaluated and place != _NO_SHOW
            late = (now - date.fromisoformat(visit["end"])).days > _IN_TIME
            if over and not never_evaluates(place) and late == evaluates_late(place):
                due.append((place, match, visit))
        room.evaluated |= {visit["id"] for _, _, visit in due}
        await room.all(_hand_in(room, *row) for row in due)

    return act


async def _hand_in(room: LoadContext, place: int, match: Match, visit: ListedVisit) -> None:
    guest, host, score = room.officer_of(match["application_id"]), room.other_side(match), _scores(place)
    purposes = {task["purpose"] for task in (await room.people.get(guest, f"{API}/visits/{visit['id']}"))["tasks"]}
    await evaluate(room.people, guest, "visits", visit["id"], score)
    if place != _HOST_SILENT:
        await evaluate(room.people, host, "visits", visit["id"], score)
    if "test_after" in purposes:
        known = assessments.answers(match["topic"], place, after=True)
        await take(room.people, guest, visit["id"], "test_after", known)
    if place != _NO_REPORT and "report" in purposes:
        await report(room.people, guest, visit["id"])


async def after_six_months(room: LoadContext) -> None:
    """Most guests say whether they use what they learnt, and line managers too, also of sessions at home."""
    await room.all([follow_ups(room), managers_confirm(room), managers_follow_up(room)])


async def follow_ups(room: LoadContext) -> None:
    """Most guests say whether they use what they learnt."""
    visits = zip(await _followed_up(room), cycle(GUESTS_SAY), strict=False)
    await room.all(
        follow_up(room.people, room.officer_of(match["application_id"]), "visits", visit["id"], applied)
        for (place, match, visit), applied in visits
        if applied and place != _EARLY  # who left early is not asked
    )


async def _followed_up(room: LoadContext) -> list[tuple[int, Match, ListedVisit]]:
    """Return the visits that are followed up, each with its place among all.

    Whose country is suspended by then has no access, so nobody of it answers.
    """
    return [
        (place, match, visit)
        for place, (match, visit) in enumerate(await _visits(room))
        if visit["id"] in room.evaluated and match["country"] != "BY"
    ]


async def managers_follow_up(room: LoadContext) -> None:
    """Most line managers say, by the links in their mails, whether what was learnt is used."""
    matches = [match for place, match, _ in await _followed_up(room) if place != _EARLY]
    await room.all(
        line_managers.follow_up(room, match, applied)
        for match, applied in zip(matches, cycle(MANAGERS_SAY), strict=False)
        if applied
    )


async def _passed_on(room: LoadContext) -> list[tuple[int, Match, ListedVisit]]:
    """Return the visits whose guests report a session at home, each with its place among all visits and its match."""
    return [row for row in await _followed_up(room) if row[0] % 3 == 0]


async def managers_confirm(room: LoadContext) -> None:
    """By the links in their mails: most confirm what was reported, one a lower number; the last one is silent."""
    *answered, _ = await _passed_on(room)
    await room.all(
        line_managers.confirm(room, match, _FEWER if number == 1 else 0)
        for number, (_, match, _) in enumerate(answered)
    )


async def cascades(room: LoadContext) -> None:
    """Some guests tell whom they passed it on to; their line managers, who have no account, get a mail with a link."""

    async def act(place: int, match: Match, visit: ListedVisit) -> None:
        held_on = date.fromisoformat(visit["end"]) + timedelta(days=21)
        session: CascadeSession = {"held_on": held_on.isoformat(), **texts.SESSIONS[place % len(texts.SESSIONS)]}
        await pass_on(room.people, room.officer_of(match["application_id"]), visit["id"], session)

    await room.all(act(*row) for row in await _passed_on(room))


async def close(room: LoadContext) -> None:
    """Close the call; applicants without a place are notified."""
    await room.people.post(PROGRAMME, f"{API}/calls/{room.calls[FINISHED]}/close")


_IN_TIME = 7
_SESSIONS = (-300, -275, -245)
VISIT_WEEKS = tuple(range(-259, -217, 7))
"""The Mondays after the weeks of visits: attendance is recorded; the day after, forms are filled in."""
_FORM_WEEKS = (*VISIT_WEEKS, VISIT_WEEKS[-1] + 7)
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
    *((day, "First call: visits", week(day)) for day in VISIT_WEEKS),
    *(
        (day + 1, "First call: evaluations and reports", evaluations(day + 1))
        for day in (*VISIT_WEEKS, VISIT_WEEKS[-1] + 7)
    ),
    (-240, "First call: goals", goals_met),
    (-238, "First call: mentors and mentees evaluate", pairs_evaluate),
    (-170, "First call closes", close),
    # The follow-up is asked for by then, so that its mails are sent while these sessions are reported.
    (-66, "First call: what was passed on at home", cascades),
    (-63, "First call: follow-up after six months", after_six_months),
)
"""The steps of the finished call: (day, what is done in words, how)."""
