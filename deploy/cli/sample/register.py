"""Enter the sample's organisations, people, partners and funds in bulk, as an import would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.sample.context import API, PROGRAMME
from deploy.cli.sample.plan import BELARUS_SUSPENDED, PARTNER_COUNTRIES
from shared.contracts.codes import Role

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext
    from deploy.cli.sample.plan import Person

# What the portal's register takes in one go.
_PORTION = 100
# Roles that hold for the whole programme, whatever country the person is from.
_EVERYWHERE = frozenset(
    {Role.PROGRAMME_COORDINATOR, Role.EVALUATOR, Role.DONOR, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR}
)


async def enter(room: LoadContext) -> None:
    """Enter all of it."""
    bodies = room.programme.organisations
    entries = [
        {
            "name": body.name,
            "kind": body.kind.value,
            "country": body.country,
            "city": body.city,
            "domains": [f"{body.key}.example"],
        }
        for body in bodies
    ]
    ids = (await room.people.post(PROGRAMME, f"{API}/organisations", {"organisations": entries}))["ids"]
    room.organisations = {body.key: id_ for body, id_ in zip(bodies, ids, strict=True)}
    known = {entry["subject"]: entry["version"] for entry in await room.people.items(PROGRAMME, f"{API}/people")}
    people = [_entry(room, person) | {"version": known.get(person.subject, "")} for person in room.programme.people]
    for start in range(0, len(people), _PORTION):
        portion = people[start : start + _PORTION]
        ids = (await room.people.post(PROGRAMME, f"{API}/people", {"people": portion}))["ids"]
        room.ids |= {entry["subject"]: id_ for entry, id_ in zip(portion, ids, strict=True)}
    since = room.programme.days.begins.isoformat()
    partners = [{"country": country, "status": "active", "since": since} for country in PARTNER_COUNTRIES]
    await room.people.post(PROGRAMME, f"{API}/partners", {"partners": partners})
    fund = {"name": "TOPCOP II", "payer": "European Commission, DG NEAR", "since": "2025-01-01", "until": "2028-12-31"}
    await room.people.post(PROGRAMME, f"{API}/funds", {"funds": [fund]})


def _entry(room: LoadContext, person: Person) -> dict[str, Any]:
    grant: dict[str, Any] = {
        "role": person.role.value,
        "since": room.programme.days.begins.isoformat(),
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


def _service(room: LoadContext, person: Person) -> str | None:
    if person.organisation is None:
        return None
    return next(
        organisation.service.value
        for organisation in room.programme.organisations
        if organisation.key == person.organisation
    )


# Whose access nobody has confirmed yet, so that a coordinator finds something to confirm.
_NOT_CONFIRMED = ("sample-officer-am-14", "sample-officer-am-15", "sample-officer-ge-16")
_COORDINATOR = "persona-coordinator-am"
_DEPUTY = "sample-officer-am-16"
# What each partner country's analysis names: topic, area, level, people.
_NEEDS: tuple[tuple[str, str | None, int, int], ...] = (
    ("online_crime", "digital_forensics", 2, 12),
    ("economic_financial_crime", "financial_investigation", 2, 8),
    ("migrant_smuggling_thb", None, 1, 15),
    ("criminal_networks", "analysis", 3, 4),
)


async def keep_up(room: LoadContext) -> None:
    """A year goes by: needs are entered, access is confirmed but for a few, a deputy is named, a person proposed."""
    path, days = f"{API}/register", room.programme.days
    today = days.today
    period = {"since": days.half_begins().isoformat(), "until": days.half_ends(3).isoformat()}
    needs = [
        {"country": country, "topic_code": topic, "area": area, "level": level, "quantity": quantity + place, **period}
        for place, country in enumerate(PARTNER_COUNTRIES)
        for topic, area, level, quantity in _NEEDS
    ]
    await room.people.post(PROGRAMME, f"{path}/needs", {"needs": needs})
    known = await room.people.items(PROGRAMME, f"{API}/people")
    read = [{"id": each["id"], "version": each["version"]} for each in known if each["subject"] not in _NOT_CONFIRMED]
    for start in range(0, len(read), _PORTION):
        await room.people.post(PROGRAMME, f"{path}/access/confirm", {"people": read[start : start + _PORTION]})
    deputy = {
        "deputy_id": room.ids[_DEPUTY],
        "role": Role.NATIONAL_COORDINATOR.value,
        "since": days.recent(7).isoformat(),
        "until": days.recent(21).isoformat(),
    }
    await room.people.post(_COORDINATOR, f"{path}/deputies", deputy)
    home = next(organisation for organisation in room.programme.organisations if organisation.country == "AM")
    entry = {
        "subject": "sample-proposed-am",
        "name": "Lusine Grigoryan",
        "own_name": "Լուսինե Գրիգորյան",
        "email": "lusine.grigoryan@coordination-am.example",
        "country": "AM",
        "organisation_id": room.organisations[home.key],
        "service": home.service.value,
        "rank_group": "operational",
        "grants": [{"role": Role.OFFICER.value, "country": "AM", "since": today.isoformat()}],
    }
    body = {"change": {"kind": "person", "entry": entry}, "new": True, "note": "She joins the analysis unit."}
    await room.people.post(_COORDINATOR, f"{path}/proposals", body)


async def suspend_belarus(room: LoadContext) -> None:
    """Cooperation with one partner stops in the middle of the programme; what is in flight is finished."""
    since = room.programme.days.past(BELARUS_SUSPENDED).isoformat()
    at = f"{API}/partners/BY/suspension"
    stages = ("proposed", "scheduled", "under_way", "mentorship")
    groups = [("home", "waiting"), *((side, stage) for side in ("home", "host") for stage in stages)]
    choices = [{"side": side, "stage": stage, "choice": "finish"} for side, stage in groups]
    body = {"since": since, "choices": choices}
    digest = (await room.people.post(PROGRAMME, f"{at}/preview", body))["digest"]
    await room.people.post(PROGRAMME, at, {**body, "digest": digest, "note": "Cooperation is suspended."})


async def reinstate_belarus(room: LoadContext) -> None:
    """Cooperation begins again, in time for the next call."""
    body = {"since": room.programme.days.recent(_REINSTATED).isoformat(), "note": "Cooperation has begun again."}
    await room.people.post(PROGRAMME, f"{API}/partners/BY/reinstatement", body)


_REINSTATED = -8
STEPS = (
    (_REINSTATED, "Belarus is reinstated", reinstate_belarus),
    (-2, "Needs, deputies and access", keep_up),
)
"""The steps of the last weeks: (day, what is done in words, how)."""
