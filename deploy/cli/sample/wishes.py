"""Let officers put places in order, and hosts and mentors candidates, in the call that counts such orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.sample.context import API
from deploy.cli.sample.plan import OPEN
from shared.contracts.codes import NotSuitableReason, Role

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext
    from deploy.cli.sample.plan import Application

_ORDERED = 3
"""So many candidates each of them puts in order."""
_UNDECIDED = frozenset({"de", "it", "se"})
"""The contacts of these hosts say nothing of candidates."""


async def wish(room: LoadContext, planned: Application, application_id: str) -> None:
    """Put as many of the places that suit a draft in order as its officer wants, the best first."""
    at = f"{API}/applications/{application_id}"
    suitable = (await room.people.get(planned.officer, f"{at}/suitable-places"))["items"]
    wishes = [place["id"] for place in suitable[: planned.wishes]]
    if wishes:
        await room.people.put(planned.officer, f"{at}/answers", {"wishes": wishes})


async def order_candidates(room: LoadContext) -> None:
    """Most hosts and the mentor of the story put their candidates in order; one host finds one not suitable."""
    contacts = {
        person.subject: f"{API}/offers"
        for person in room.programme.people
        if person.role is Role.HOST_CONTACT and person.organisation not in _UNDECIDED
    }
    await room.all(
        _order_all(room, person, path) for person, path in (contacts | {"persona-mentor": f"{API}/mentors"}).items()
    )


async def _order_all(room: LoadContext, person: str, path: str) -> None:
    """Put the candidates of each open placement or profile of a person in order."""
    for seat in (await room.people.get(person, path))["items"]:
        if seat["call_id"] != room.calls[OPEN]:
            continue
        at = f"{path}/{seat['id']}/candidates"
        found = [candidate["application_id"] for candidate in (await room.people.get(person, at))["items"]]
        if not found:
            continue
        choices = {"order": found[:_ORDERED]}
        if person == "persona-host" and len(found) > _ORDERED:
            refused = {"application_id": found[-1], "reason": NotSuitableReason.TOO_LITTLE_EXPERIENCE.value}
            choices |= {"not_suitable": [refused | {"text": "We look for longer experience of large cases."}]}
        await room.people.put(person, at, choices)
