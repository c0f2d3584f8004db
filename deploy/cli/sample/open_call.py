"""Bring this year's call so far that everybody who signs in has something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.sample.context import API, PROGRAMME
from deploy.cli.sample.plan import OPEN
from deploy.cli.sample.submissions import answer, clear, decide, judge, open_call, pair_of, send_in

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext

# A first cohort of so many pairs; what follows is on its way: the first ones are furthest.
_COHORT, _FRENCH = 9, 3
_CLEARED_HOME, _CLEARED_HOST = 7, 5


async def commit_some(room: LoadContext) -> None:
    """A first, small cohort; pairs that personas look after come first."""
    call_id = room.calls[OPEN]
    found = await room.people.items(PROGRAMME, "/matching/api/v1/provisional", call_id=call_id)
    found.sort(key=lambda match: (match["country"] not in {"AM", "GE"}, str(match["reference"])))
    french = [match for match in found if match["seat_country"] == "FR"][:_FRENCH]
    others = [match for match in found if match["seat_country"] != "FR"]
    chosen = [*french, *others][:_COHORT]
    pairs = [pair_of(match) for match in chosen]
    await room.people.post(PROGRAMME, "/matching/api/v1/cohorts", {"call_id": call_id, "pairs": pairs})


async def home_clears(room: LoadContext) -> None:
    """Most home countries have cleared by now."""
    found = sorted(await room.matches(OPEN, "proposed"), key=lambda match: match["host_country"] != "FR")
    await room.all(clear(room, match, by_host=False) for match in found[:_CLEARED_HOME])


async def host_clears(room: LoadContext) -> None:
    """Some host countries have cleared too; France still has one to clear."""
    found = [match for match in await room.matches(OPEN, "proposed") if match["cleared"].get("home")]
    french = [match for match in found if match["host_country"] == "FR"]
    first = [*french[:-1], *(match for match in found if match not in french)]
    await room.all(clear(room, match, by_host=True) for match in first[:_CLEARED_HOST])


async def answers(room: LoadContext) -> None:
    """Of those who were offered a place two have it, who goes to France waits for the host; the others have time."""

    def officer(match: dict[str, Any]) -> str:
        return room.officer_of(match["application_id"])

    found = await room.matches(OPEN, "offered")
    french = [match for match in found if match["host_country"] == "FR"]
    others = [match for match in found if match not in french][:2]
    await room.all(
        [
            *(answer(room, match, officer(match)) for match in [*french, *others]),
            *(answer(room, match, room.other_side(match)) for match in others),
        ]
    )


async def prepare(room: LoadContext) -> None:
    """Those who have a visit to come have begun to bring together what is needed for it."""
    found = [match for match in await room.matches(OPEN, "confirmed") if match["visit_id"] is not None]
    for match in found:
        at, guest, host = (
            f"{API}/visits/{match['visit_id']}",
            room.officer_of(match["application_id"]),
            room.other_side(match),
        )
        days = (await room.people.get(guest, at))["days"]
        if not days:
            continue
        insured = {"insurer": "Mutual of Public Servants", "policy_number": "TR-20418", "valid_from": days[0]}
        await room.people.put(guest, f"{at}/preparation/insurance", {"details": insured | {"valid_until": days[-2]}})
        arrival = {"contact_name": "The duty officer", "place": "Main entrance, visitors' desk", "at": "09:00"}
        await room.people.put(host, f"{at}/preparation/arrival", {"details": arrival})
        cost = {"item": "accommodation", "payer": "host", "planned": "420.00"}
        await room.people.post(host, f"{at}/costs", cost)


STEPS = (
    (-45, "Second call", open_call(OPEN)),
    (-41, "Second call: placements", send_in(OPEN, -41, -40)),
    (-37, "Second call: more placements, first applications", send_in(OPEN, -38, -37, -36)),
    (-30, "Second call: applications", send_in(OPEN, -30)),
    (-27, "Second call: endorsements", decide(OPEN, -38, -30)),
    (-24, "Second call: eligibility", judge(OPEN, -38, -30)),
    (-21, "Second call: applications", send_in(OPEN, -21)),
    (-15, "Second call: endorsements", decide(OPEN, -21)),
    (-13, "Second call: eligibility", judge(OPEN, -21)),
    (-12, "Second call: applications", send_in(OPEN, -12)),
    (-10, "Second call: a first cohort", commit_some),
    (-8, "Second call: clearance by the home countries", home_clears),
    (-6, "Second call: clearance by the host countries", host_clears),
    (-5, "Second call: endorsements", decide(OPEN, -12)),
    (-4, "Second call: applications", send_in(OPEN, -4, -3)),
    (-3, "Second call: eligibility and answers", judge(OPEN, -12)),
    (-2, "Second call: answers", answers),
    (-1, "Second call: the newest applications", send_in(OPEN, -1)),
    (-1, "Second call: what is needed before travel", prepare),
    (-1, "Second call: questions to officers", decide(OPEN, -4)),
)
"""The steps of the open call: (day, what is done in words, how)."""
