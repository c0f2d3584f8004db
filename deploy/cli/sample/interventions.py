"""Steer the matching of the second call by hand: a ring, an override, a what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.client import Refused
from deploy.cli.sample.context import PROGRAMME
from deploy.cli.sample.plan import OPEN
from deploy.cli.sample.protagonists import ANI, RING
from deploy.cli.sample.submissions import provisional
from deploy.cli.system import Failed
from shared.contracts.codes import HardRule

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext

MATCHING = "/matching/api/v1"
_MOST_PRICES = 30
_WHY = "The host asked for an officer with experience of this work, and nobody else on the list has it."
_WITHOUT_A_PLACE = {("match", "provisional"), ("application", "in_matching"), ("application", "waitlisted")}
"""The stages of an application that has no place yet, or one that nobody knows of."""


async def propose_ring(room: LoadContext) -> None:
    """Two agencies of partner countries exchange an officer each: both matches are proposed together."""
    await provisional(room, OPEN)
    ready = {each["id"]: each for each in await _applications(room)}
    countries = {body.key: body.country for body in room.programme.organisations}
    offers = {offer.host: room.offers[place] for place, offer in enumerate(room.programme.offers) if offer.host in RING}
    pairs = []
    for away in reversed(RING):
        application_id = next(
            room.applications[place]
            for place, planned in room.planned(OPEN)
            if planned.answers["preferred_countries"] == [countries[away]] and planned.kind == "study_visit"
        )
        version = ready[application_id]["version"]
        pairs.append({"application_id": application_id, "offer_id": offers[away], "version": version})
    body = {"call_id": room.calls[OPEN], "pairs": pairs}
    await room.people.post(PROGRAMME, f"{MATCHING}/rings", body)


async def override(room: LoadContext) -> None:
    """An officer on the waiting list is put to a place by hand: the first pair that the rules of law permit.

    Raises `Failed` if there is none.
    """
    given = await provisional(room, OPEN)
    placed = {match["id"] for match in given}
    places = room.places(OPEN)
    waiting = sorted(
        (each for each in await _applications(room) if each["id"] not in placed and each["kind"] == "study_visit"),
        key=lambda each: places[each["id"]],
    )
    seats = sorted(
        (place, room.offers[place])
        for place, offer in enumerate(room.programme.offers)
        if offer.call == OPEN and offer.state == "published" and offer.host not in RING
    )
    for place, (application, seat_id) in enumerate((each, seat) for each in waiting for _, seat in seats):
        if place > _MOST_PRICES:
            break
        pair = {"application_id": application["id"], "seat_id": seat_id}
        try:
            price = await room.people.get(PROGRAMME, f"{MATCHING}/overrides/price", **pair)
        except Refused:
            continue
        if price["forbidden"] or price["may_give_way"] or price["supersedes"] or HardRule.QUOTA in price["waived"]:
            continue
        body = {**pair, "version": application["version"], "reason": "operational_duty", "text": _WHY}
        await room.people.post(PROGRAMME, f"{MATCHING}/overrides", body)
        return
    raise Failed("No officer on the waiting list can be put to a place by hand.")


async def what_if(room: LoadContext) -> None:
    """Match the call again as if one country could have 70 per cent of a placement, and no country had a ceiling."""
    terms: dict[str, Any] = {"share_of_offer": 70, "quotas": []}
    body = {"call_id": room.calls[OPEN], "basis": "now", "terms": terms}
    made = await room.people.post(PROGRAMME, f"{MATCHING}/what-ifs", body)

    async def done() -> bool:
        found = await room.people.get(PROGRAMME, f"{MATCHING}/what-ifs/{made['id']}")
        if found["state"] in {"failed", "cancelled"}:
            raise Failed(f"The what-if was not worked out: {found['state']}.")
        return bool(found["state"] == "done")

    await room.people.until("the what-if is worked out", done, timeout=120)


async def _applications(room: LoadContext) -> list[dict[str, Any]]:
    """Return the applications of the second call that wait for a place, without Ani's."""
    found = await room.people.items(PROGRAMME, f"{MATCHING}/applications", call_id=room.calls[OPEN])
    ours = room.places(OPEN)
    return [
        each
        for each in found
        if each["id"] in ours
        and room.officer_of(each["id"]) != ANI
        and (each["stage_kind"], each["stage"]) in _WITHOUT_A_PLACE
    ]


STEPS = (
    (-10, "Second call: an exchange ring", propose_ring),
    (-8, "Second call: a place given by hand", override),
    (-2, "Second call: a what-if", what_if),
)
"""The interventions: (day, what is done in words, how)."""
