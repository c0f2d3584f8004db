"""Enter the people of the journey into the register, and take their access away at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deploy.cli.client import Refused
from deploy.cli.journey.cast import CAST
from deploy.cli.journey.steps import PORTAL, PROGRAMME, Journey
from shared.contracts.codes import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deploy.cli.journey.cast import Member

_PAGE = 50
_FORBIDDEN = 403
_OFFICIALS = frozenset({Role.OFFICER, Role.MENTOR})


async def complete(walk: Journey, since: str, cast: Sequence[Member] = CAST) -> str:
    """Enter the people of `cast`, their agencies, and a fund if there is none; return the fund's id.

    Who is there and not the journey's own stays unchanged.
    """
    people = walk.people
    known = await _known_people(walk)
    cast = _today(walk, cast)
    wanted = [member for member in cast if member.owns or member.subject not in known]
    if wanted:
        agencies = await _agencies(walk, [member for member in wanted if member.agency is not None])
        entries = [_entry(member, agencies, known, {"since": since}) for member in wanted]
        await people.post(PROGRAMME, f"{PORTAL}/people", {"people": entries})
        there = {partner["country"] for partner in await people.items(PROGRAMME, f"{PORTAL}/partners")}
        partners = [{"country": each, "status": "active", "since": since} for each in ("AM", "GE") if each not in there]
        if partners:
            await people.post(PROGRAMME, f"{PORTAL}/partners", {"partners": partners})
        donor = next(member.subject for member in cast if member.role is Role.DONOR)
        await people.until("the donor may read figures", lambda: _may_read_figures(walk, donor))
    funds = await people.items(PROGRAMME, f"{PORTAL}/funds")
    if funds:
        return str(funds[0]["id"])
    fund = {"name": "Smoke test", "payer": "Nobody", "since": since}
    return str((await people.post(PROGRAMME, f"{PORTAL}/funds", {"funds": [fund]}))["ids"][0])


async def leave(walk: Journey, today: str) -> None:
    """End the access of the journey's own people: it is good for the rest of the day."""
    known, cast = await _known_people(walk), _today(walk, CAST)
    agencies = await _agencies(walk, [member for member in cast if member.agency is not None])
    entries = [_entry(member, agencies, known, {"since": today, "until": today}) for member in cast]
    await walk.people.post(PROGRAMME, f"{PORTAL}/people", {"people": entries})


def _today(walk: Journey, cast: Sequence[Member]) -> list[Member]:
    """Return the members with the sign-in subjects under which they act in this journey."""
    subjects = walk.people.subjects
    return [replace(member, subject=subjects.get(member.subject, member.subject)) for member in cast]


async def _agencies(walk: Journey, members: Sequence[Member]) -> dict[str, str]:
    """Return the ids of the members' agencies by name; those that are missing are entered."""
    known = await walk.people.items(PROGRAMME, f"{PORTAL}/organisations")
    found = {str(each["name"]): str(each["id"]) for each in known}
    missing = [
        {"name": member.agency, "kind": "agency", "country": member.country, "city": member.city}
        for member in members
        if member.agency not in found
    ]
    if missing:
        answer = await walk.people.post(PROGRAMME, f"{PORTAL}/organisations", {"organisations": missing})
        found |= {str(body["name"]): id_ for body, id_ in zip(missing, answer["ids"], strict=True)}
    return found


async def _may_read_figures(walk: Journey, donor: str) -> bool:
    """Return whether reporting knows of the grant, which it learns a moment after the portal."""
    try:
        await walk.people.get(donor, "/reporting/api/v1/targets")
    except Refused as error:
        if error.status != _FORBIDDEN:
            raise
        return False
    return True


async def _known_people(walk: Journey) -> dict[str, str]:
    """Return the versions of all people in the register, by sign-in subject."""
    found: dict[str, str] = {}
    cursor: dict[str, str] = {}
    while True:
        answer = await walk.people.get(PROGRAMME, f"{PORTAL}/people", limit=_PAGE, **cursor)
        found |= {person["subject"]: person["version"] for person in answer["items"]}
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}


def _entry(
    member: Member, agencies: Mapping[str, str], known: Mapping[str, str], days: Mapping[str, str]
) -> dict[str, Any]:
    agency = None if member.agency is None else agencies[member.agency]
    official = member.role in _OFFICIALS
    grant = {"role": member.role.value, "country": member.country, **days}
    return {
        "subject": member.subject,
        "version": known.get(member.subject, ""),
        "name": member.name,
        "email": member.email,
        "country": member.country,
        "organisation_id": agency,
        "service": "police" if agency else None,
        "rank_group": "supervisor" if official else None,
        "years_in_field": 9 if official else None,
        "grants": [grant | ({"organisation_id": agency} if agency else {})],
    }
