"""Enter a call and its officers into a local run, and sign all of them in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from deploy.cli.client import People
from deploy.cli.journey.cast import HOME
from deploy.cli.journey.register import complete
from deploy.cli.journey.steps import PORTAL, PROGRAMME, Journey
from deploy.cli.journey.visit import ANSWERS, period
from shared import privacy_notice
from shared.identity.session import ABSOLUTE, CookieJar, digest_of, new_key
from shared.ids import new_id
from shared.settings import plain_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from deploy.cli.system import System

_AT_ONCE = 100
_INSERT = (
    "INSERT INTO sign_in_session (digest, id, subject, begun_at, seen_at, over_at, browser, system)"
    " VALUES ($1, $2, $3, $4, $4, $5, 'Firefox', 'Linux')"
)


@dataclass(frozen=True, slots=True)
class Entered:
    """The call, and the session cookies of officers and of other people, by sign-in subject.

    `deadline` is in real time, which the programme's clock is `ahead` of.
    """

    call_id: str
    deadline: datetime
    ahead: timedelta
    officers: dict[str, dict[str, str]]
    others: dict[str, dict[str, str]]


async def enter(system: System, officers: int, seconds: float) -> Entered:
    """Enter so many officers, and a call whose deadline is in so many seconds from the end of the preparations."""
    async with People(system) as people:
        shown = (await people.get(PROGRAMME, f"{PORTAL}/clock"))["now"]
        ahead = datetime.fromisoformat(shown) - datetime.now(UTC)
        today = (datetime.now(UTC) + ahead).date()
        fund = await complete(Journey(people, movable=False), today.isoformat())
        subjects = await _register(people, officers, today)
        keys = await sign_in(system, [*subjects, PROGRAMME, HOME])
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        call = await people.post(PROGRAMME, f"{PORTAL}/calls", _call(today, deadline + ahead, fund))
    return Entered(
        call["id"],
        deadline,
        ahead,
        {subject: keys[subject] for subject in subjects},
        {subject: keys[subject] for subject in (PROGRAMME, HOME)},
    )


async def _register(people: People, officers: int, today: date) -> list[str]:
    body = {"name": f"Police of the load {new_id()}", "kind": "agency", "country": "AM", "city": "Yerevan"}
    agency = (await people.post(PROGRAMME, f"{PORTAL}/organisations", {"organisations": [body]}))["ids"][0]
    grant = {"role": "officer", "country": "AM", "organisation_id": agency, "since": today.isoformat()}
    subjects = [f"officer-{new_id()}" for _ in range(officers)]
    entries = [
        {
            "subject": subject,
            "name": f"Officer {number}",
            "email": f"{subject}@tandem.example",
            "country": "AM",
            "organisation_id": agency,
            "service": "police",
            "rank_group": "supervisor",
            "years_in_field": 9,
            "grants": [grant],
        }
        for number, subject in enumerate(subjects)
    ]
    for start in range(0, officers, _AT_ONCE):
        await people.post(PROGRAMME, f"{PORTAL}/people", {"people": entries[start : start + _AT_ONCE]})
    return subjects


def _call(today: date, deadline: datetime, fund: str) -> dict[str, Any]:
    return {
        "kinds": ["study_visit"],
        "texts": [{"language": "en", "title": "The last ten minutes", "summary": "Made by the load."}],
        "scheme": "empact-2026",
        "topics": ["online_crime"],
        "opens": today.isoformat(),
        "deadline": deadline.isoformat(),
        "closes": (today + timedelta(days=180)).isoformat(),
        "visit_periods": [period(today)],
        "rules": {"countries": ["AM"]},
        "fund_id": fund,
    }


def answers(ahead: timedelta) -> dict[str, object]:
    """Return complete answers to the call, where the programme's clock is `ahead`."""
    read = {"privacy_version": privacy_notice.VERSION, "periods": [period((datetime.now(UTC) + ahead).date())]}
    return ANSWERS | {"languages": [{"language": "en", "level": "B2"}]} | read


async def sign_in(system: System, subjects: Sequence[str]) -> dict[str, dict[str, str]]:
    """Begin a session for each of these people, as the portal keeps it; return their cookies."""
    name, now = CookieJar(system.origin).session, datetime.now(UTC)
    keys = {subject: new_key() for subject in subjects}
    connection = await asyncpg.connect(plain_address(system["TANDEM_DATABASE_OWNER_URL_APPLICATIONS"]))
    try:
        rows = [(digest_of(key), new_id(), subject, now, now + ABSOLUTE) for subject, key in keys.items()]
        await connection.executemany(_INSERT, rows)
    finally:
        await connection.close()
    return {subject: {name: key} for subject, key in keys.items()}


async def submitted(system: System, entered: Entered) -> tuple[int, datetime | None]:
    """Return how many applications of the call are submitted, and when the last of them arrived, in real time."""
    connection = await asyncpg.connect(plain_address(system["TANDEM_DATABASE_OWNER_URL_APPLICATIONS"]))
    try:
        query = (
            "SELECT count(*), max(submitted_at) FROM application WHERE call_id = $1::uuid AND submitted_at IS NOT NULL"
        )
        row = await connection.fetchrow(query, entered.call_id)
    finally:
        await connection.close()
    assert row is not None
    return row[0], None if row[1] is None else row[1] - entered.ahead
