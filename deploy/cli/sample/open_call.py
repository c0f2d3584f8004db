"""Bring this year's call into full swing: a first cohort on its way, a second one asked, and a third call announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.sample.context import API
from deploy.cli.sample.past_call import meet, sign_all
from deploy.cli.sample.plan import OPEN, UPCOMING
from deploy.cli.sample.protagonists import ANI, NINO
from deploy.cli.sample.submissions import answer, clear, commit_cohort, decide, judge, keep_company, open_call, send_in
from deploy.cli.sample.wishes import order_candidates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deploy.cli.answers import Match, ProvisionalMatch
    from deploy.cli.sample.context import LoadContext

# Which match of the first cohort, in the order of the plan, goes another way: its place falls free.
_REFUSED, _DECLINED = 2, 5
# The second cohort: so many pairs, of which the first ones are furthest.
_COHORT, _FRENCH = 9, 3
_CLEARED_HOME, _CLEARED_HOST = 7, 5


async def commit_all(room: LoadContext) -> None:
    """The first cohort: all provisional pairs, with reserves; who has no place is on the waiting list."""
    await commit_cohort(room, OPEN, reserves=True)


async def first_home_clears(room: LoadContext) -> None:
    """The home countries clear the first cohort; one does not."""
    found = await room.matches(OPEN, "proposed")
    refused = _goes_another_way(room, found, _REFUSED)
    if refused is not None:
        body = {"reason": "clearance", "text": "The officer leads a case that cannot wait."}
        await room.people.post(
            room.programme.coordinator(refused["country"]), f"{API}/matches/{refused['id']}/refuse", body
        )
    await clear(room, [match for match in found if match is not refused], by_host=False)


async def first_host_clears(room: LoadContext) -> None:
    """The host countries clear the first cohort; the places are offered at once."""
    found = await room.matches(OPEN, "proposed")
    await clear(room, [match for match in found if match["cleared"].get("home")], by_host=True)


async def first_answers(room: LoadContext) -> None:
    """Of the first cohort all accept but one, whose place goes to the next in line."""
    found = await room.matches(OPEN, "offered")
    declined = _goes_another_way(room, found, _DECLINED)
    await room.all(
        [
            *(answer(room, match, _officer(room, match), yes=match is not declined) for match in found),
            *(answer(room, match, room.other_side(match)) for match in found if match is not declined),
        ]
    )


def _goes_another_way(room: LoadContext, found: list[Match], place: int) -> Match | None:
    """Return the match at that place among those that are not of a person of the story."""
    others = [match for match in found if _officer(room, match) not in {ANI, NINO}]
    return others[place] if place < len(others) else None


async def sign(room: LoadContext) -> None:
    """The new pairs sign their agreements."""
    found = [match for match in await room.matches(OPEN, "confirmed") if match["mentorship_id"] is not None]
    room.new_pairs = sorted(found, key=lambda match: _officer(room, match) != NINO)
    await sign_all(room, room.new_pairs)


def sessions(day: int, *, newest: bool = False) -> Callable[[LoadContext], Awaitable[None]]:
    """Return a step: each pair meets; the `newest` session of Nino is not confirmed yet."""

    async def act(room: LoadContext) -> None:
        held_on = room.programme.days.recent(day)
        await room.all(
            meet(room, pair, held_on, confirmed=not (newest and place == 0))
            for place, pair in enumerate(room.new_pairs)
        )

    return act


async def commit_some(room: LoadContext) -> None:
    """A second, small cohort; pairs that personas look after come first."""
    places = room.places(OPEN)

    def order(match: ProvisionalMatch) -> tuple[bool, bool, int]:
        officer = room.officer_of(match["id"])
        return officer != ANI, match["country"] not in {"AM", "GE"}, places[match["id"]]

    def choose(found: list[ProvisionalMatch]) -> list[ProvisionalMatch]:
        found.sort(key=order)
        french = [match for match in found if match["seat_country"] == "FR"][:_FRENCH]
        others = [match for match in found if match["seat_country"] != "FR"]
        return [*french, *others][:_COHORT]

    await commit_cohort(room, OPEN, choose)


async def home_clears(room: LoadContext) -> None:
    """Most home countries have cleared by now."""
    await clear(room, (await _second_cohort(room))[:_CLEARED_HOME], by_host=False)


async def host_clears(room: LoadContext) -> None:
    """Some host countries have cleared too; France still has one to clear."""
    found = [match for match in await _second_cohort(room) if match["cleared"].get("home")]
    french = [match for match in found if match["host_country"] == "FR"]
    first = [*(french[:-1] if len(french) > 1 else french), *(match for match in found if match not in french)]
    await clear(room, first[:_CLEARED_HOST], by_host=True)


async def _second_cohort(room: LoadContext) -> list[Match]:
    """Return the matches that are proposed now, those to France first, that of Ani before all."""
    return sorted(
        await room.matches(OPEN, "proposed"),
        key=lambda match: (_officer(room, match) != ANI, match["host_country"] != "FR"),
    )


async def answers(room: LoadContext) -> None:
    """Of those who were offered a place two have it; Ani and her host have time, and so have others."""
    found = await room.matches(OPEN, "offered")
    others = [match for match in found if match["host_country"] != "FR"][:2]
    await room.all(
        [
            *(answer(room, match, _officer(room, match)) for match in others),
            *(answer(room, match, room.other_side(match)) for match in others),
        ]
    )


def _officer(room: LoadContext, match: Match) -> str:
    return room.officer_of(match["application_id"])


async def prepare(room: LoadContext) -> None:
    """Those who have a visit to come have begun to bring together what is needed for it."""

    async def act(match: Match) -> None:
        at, guest, host = (
            f"{API}/visits/{match['visit_id']}",
            _officer(room, match),
            room.other_side(match),
        )
        days = (await room.people.get(guest, at))["days"]
        if not days:
            return
        insured = {"insurer": "Mutual of Public Servants", "policy_number": "TR-20418", "valid_from": days[0]}
        await room.people.put(guest, f"{at}/preparation/insurance", {"details": insured | {"valid_until": days[-2]}})
        arrival = {"contact_name": "The duty officer", "place": "Main entrance, visitors' desk", "at": "09:00"}
        await room.people.put(host, f"{at}/preparation/arrival", {"details": arrival})
        cost = {"item": "accommodation", "payer": "host", "planned": "420.00"}
        await room.people.post(host, f"{at}/costs", cost)

    found = await room.matches(OPEN, "confirmed")
    await room.all(act(match) for match in found if match["visit_id"] is not None)


STEPS = (
    (-66, "Second call", open_call(OPEN)),
    (-62, "Second call: placements and mentors", send_in(OPEN, -62, -61)),
    (-58, "Second call: more placements and mentors", send_in(OPEN, -58, -57)),
    (-56, "Second call: first applications", send_in(OPEN, -56)),
    (-56, "Second call: companions", keep_company(OPEN, -56)),
    (-52, "Second call: applications", send_in(OPEN, -52)),
    (-48, "Second call: endorsements", decide(OPEN, -56, -52)),
    (-45, "Second call: eligibility", judge(OPEN, -56, -52)),
    (-43, "Second call: a first cohort", commit_all),
    (-41, "Second call: clearance by the home countries", first_home_clears),
    (-38, "Second call: clearance by the host countries", first_host_clears),
    (-34, "Second call: answers", first_answers),
    (-31, "Second call: mentoring agreements", sign),
    (-30, "Second call: placements for a second cohort", send_in(OPEN, -30)),
    (-27, "Second call: mentoring sessions", sessions(-27)),
    (-21, "Second call: applications", send_in(OPEN, -21)),
    (-21, "Second call: companions", keep_company(OPEN, -21)),
    (-15, "Second call: endorsements", decide(OPEN, -21)),
    (-13, "Second call: eligibility", judge(OPEN, -21)),
    (-12, "Second call: applications", send_in(OPEN, -12)),
    (-9, "Second call: a second cohort", commit_some),
    (-7, "Second call: clearance by the home countries", home_clears),
    (-4, "Second call: clearance by the host countries", host_clears),
    (-4, "Second call: endorsements", decide(OPEN, -12)),
    (-4, "Second call: applications", send_in(OPEN, -4, -3)),
    (-3, "Third call: announced", open_call(UPCOMING)),
    (-2, "Second call: eligibility", judge(OPEN, -12)),
    (-2, "Second call: answers", answers),
    (-2, "Second call: mentoring sessions", sessions(-2, newest=True)),
    (-1, "Second call: the newest applications", send_in(OPEN, -1)),
    (-1, "Second call: candidates in order", order_candidates),
    (-1, "Second call: what is needed before travel", prepare),
    (-1, "Second call: questions to officers", decide(OPEN, -4)),
)
"""The steps of the open call: (day, what is done in words, how)."""
