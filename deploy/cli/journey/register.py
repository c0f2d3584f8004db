"""Enter the people of the journey who are missing in the register; nobody is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.client import Refused
from deploy.cli.journey.steps import (
    DONOR,
    HOME,
    HOST,
    HOST_COUNTRY,
    MENTEE,
    MENTEE_COUNTRY,
    MENTOR,
    MENTOR_COUNTRY,
    OFFICER,
    PORTAL,
    PROGRAMME,
    Journey,
)
from deploy.local.personas import PERSONAS

if TYPE_CHECKING:
    from deploy.local.personas import Persona

_PARTICIPANTS = (OFFICER, MENTEE, HOST, MENTOR, HOME, HOST_COUNTRY, MENTEE_COUNTRY, MENTOR_COUNTRY, DONOR)
_PAGE = 50
_FORBIDDEN = 403
_BODIES = {
    OFFICER: {"name": "Criminal police department", "kind": "agency", "country": "AM", "city": "Yerevan"},
    MENTEE: {"name": "Central criminal police", "kind": "agency", "country": "GE", "city": "Tbilisi"},
    HOST: {"name": "Anti-cybercrime office, Lyon branch", "kind": "agency", "country": "FR", "city": "Lyon"},
    MENTOR: {"name": "Criminal police bureau", "kind": "agency", "country": "LT", "city": "Vilnius"},
}


async def complete(walk: Journey, since: str) -> str:
    """Enter missing people, and a fund if there is none; return the fund's id."""
    people = walk.people
    known = await _known_subjects(walk)
    missing = [persona for persona in PERSONAS if persona.subject in _PARTICIPANTS and persona.subject not in known]
    if missing:
        ids: dict[str, str] = {}
        for persona in missing:
            if persona.subject in _BODIES:
                body = {"organisations": [_BODIES[persona.subject]]}
                ids[persona.subject] = (await people.post(PROGRAMME, f"{PORTAL}/organisations", body))["ids"][0]
        entries = [_entry(persona, ids.get(persona.subject), since) for persona in missing]
        await people.post(PROGRAMME, f"{PORTAL}/people", {"people": entries})
        there = {partner["country"] for partner in await people.items(PROGRAMME, f"{PORTAL}/partners")}
        partners = [{"country": each, "status": "active", "since": since} for each in ("AM", "GE") if each not in there]
        if partners:
            await people.post(PROGRAMME, f"{PORTAL}/partners", {"partners": partners})
        await people.until("the donor may read figures", lambda: _may_read_figures(walk))
    funds = await people.items(PROGRAMME, f"{PORTAL}/funds")
    if funds:
        return str(funds[0]["id"])
    fund = {"name": "Smoke test", "payer": "Nobody", "since": since}
    return str((await people.post(PROGRAMME, f"{PORTAL}/funds", {"funds": [fund]}))["ids"][0])


async def _may_read_figures(walk: Journey) -> bool:
    """Return whether reporting knows of the grant, which it learns a moment after the portal."""
    try:
        await walk.people.get(DONOR, "/reporting/api/v1/figures", period="programme")
    except Refused as error:
        if error.status != _FORBIDDEN:
            raise
        return False
    return True


async def _known_subjects(walk: Journey) -> set[str]:
    found: set[str] = set()
    cursor: dict[str, str] = {}
    while True:
        answer = await walk.people.get(PROGRAMME, f"{PORTAL}/people", limit=_PAGE, **cursor)
        found |= {person["subject"] for person in answer["items"]}
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}


def _entry(persona: Persona, organisation_id: str | None, since: str) -> dict[str, Any]:
    official = persona.subject in {OFFICER, MENTEE, MENTOR}
    grant = {"role": persona.role.value, "country": persona.country, "since": since}
    return {
        "subject": persona.subject,
        "name": persona.name,
        "email": f"{persona.subject}@tandem.example",
        "country": persona.country,
        "organisation_id": organisation_id,
        "service": "police" if organisation_id else None,
        "rank_group": "supervisor" if official else None,
        "years_in_field": 9 if official else None,
        "grants": [grant | ({"organisation_id": organisation_id} if organisation_id else {})],
    }
