"""How do organisations, people, partners and funds of the sample get into the register? In bulk, as by an import."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deploy.cli.sample.plan import BELARUS_SUSPENDED, PARTNER_COUNTRIES
from deploy.cli.sample.room import API, PROGRAMME
from shared.contracts.codes import Role

if TYPE_CHECKING:
    from deploy.cli.sample.plan import Person
    from deploy.cli.sample.room import Room

# What the portal's register takes in one go.
_PORTION = 100
# Roles that hold for the whole programme, whatever country the person is from.
_EVERYWHERE = frozenset(
    {Role.PROGRAMME_COORDINATOR, Role.EVALUATOR, Role.DONOR, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR}
)


async def enter(room: Room) -> None:
    """Enter all of it."""
    bodies = room.programme.organisations
    entries = [{"name": one.name, "kind": one.kind.value, "country": one.country, "city": one.city} for one in bodies]
    ids = (await room.people.post(PROGRAMME, f"{API}/organisations", {"organisations": entries}))["ids"]
    room.organisations = {one.key: id_ for one, id_ in zip(bodies, ids, strict=True)}
    people = [_entry(room, one) for one in room.programme.people]
    for start in range(0, len(people), _PORTION):
        await room.people.post(PROGRAMME, f"{API}/people", {"people": people[start : start + _PORTION]})
    since = (room.programme.today - timedelta(days=364)).isoformat()
    partners = [{"country": country, "status": "active", "since": since} for country in PARTNER_COUNTRIES]
    await room.people.post(PROGRAMME, f"{API}/partners", {"partners": partners})
    fund = {"name": "TOPCOP II", "payer": "European Commission, DG NEAR", "since": "2025-01-01", "until": "2028-12-31"}
    await room.people.post(PROGRAMME, f"{API}/funds", {"funds": [fund]})


def _entry(room: Room, person: Person) -> dict[str, Any]:
    grant: dict[str, Any] = {
        "role": person.role.value,
        "since": (room.programme.today - timedelta(days=365)).isoformat(),
    }
    if person.role not in _EVERYWHERE:
        grant["country"] = person.country
        if person.organisation is not None:
            grant["organisation_id"] = room.organisations[person.organisation]
    return {
        "subject": person.subject,
        "name": person.name,
        "own_name": person.own_name,
        "email": person.email,
        "language": person.language,
        "country": person.country,
        "organisation_id": None if person.organisation is None else room.organisations[person.organisation],
        "service": _service(room, person),
        "unit": person.unit,
        "rank_group": person.rank_group,
        "national_rank": person.national_rank,
        "years_in_field": person.years,
        "sex": person.sex,
        "grants": [grant],
    }


def _service(room: Room, person: Person) -> str | None:
    if person.organisation is None:
        return None
    return next(one.service.value for one in room.programme.organisations if one.key == person.organisation)


async def suspend_belarus(room: Room) -> None:
    """Cooperation with one partner stops in the middle of the programme; what is in flight is finished."""
    since = (room.programme.today + timedelta(days=BELARUS_SUSPENDED)).isoformat()
    at = f"{API}/partners/BY/suspension"
    stages = ("proposed", "scheduled", "under_way", "mentorship")
    groups = [("home", "waiting"), *((side, stage) for side in ("home", "host") for stage in stages)]
    choices = [{"side": side, "stage": stage, "choice": "finish"} for side, stage in groups]
    body = {"since": since, "choices": choices}
    digest = (await room.people.post(PROGRAMME, f"{at}/preview", body))["digest"]
    await room.people.post(PROGRAMME, at, {**body, "digest": digest, "note": "Cooperation is suspended."})
