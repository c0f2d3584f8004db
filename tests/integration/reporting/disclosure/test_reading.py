"""Reading tells nothing before the first publication, and decides nothing at any time."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shared.contracts.codes import Role
from shared.time import clock
from tests.integration.reporting.conftest import set_day
from tests.integration.reporting.disclosure.test_routes import LABEL, OF_STATEMENTS, READERS, addresses, fetched
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, mentorship, need, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.reporting.conftest import House

OF_NOBODY = (
    "/reporting/api",
    "/reporting/api/openapi.json",
    "/reporting/api/v1/targets",
    "/reporting/feeds/exclusions",
    "/reporting/feeds/keys",
    "/reporting/readyz",
    "/reporting/targets",
    "/reporting/targets.csv",
    "/reporting/targets/template.csv",
)
"""Addresses that have no number of people: descriptions, keys, what the service needs, and what is aimed at."""
CLOSED = re.compile(
    "not-published|Not published yet|No period is published yet|not published|no files yet"
    '|No period of this length is published yet|"periods":\\[\\]|"state":"draft"|no such manifest'
)
"""The words of an answer while nothing is published."""
OUTSIDE = (None, Role.DONOR, Role.ANASPOC)


@pytest.mark.parametrize("role", OUTSIDE, ids=lambda role: role.value if role else "everybody")
async def test_before_the_first_publication_every_route_says_so(house: House, role: Role | None) -> None:
    """Every page, file and answer says that nothing is published, and is the same with 3 people as with 61."""
    await feed_events(house, world(3))
    about = {"indicator": "TOPCOP-OP-02", "kind": "target", "day": "2026-06-30", "value": "10", "source": "Project"}
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    target = (await author.post("/reporting/api/v1/targets", json=about)).json()["id"]
    assert (await other.post(f"/reporting/targets/{target}/approve")).status_code == 303
    client = house.stranger() if role is None else await house.grant(role)
    paths = addresses(house, role)
    before = await fetched(client, paths)
    await feed_events(house, [*world(61), *mentorship(), need(1, quantity=30)])
    after = await fetched(client, paths)
    assert [address for address in before if before[address] != after[address]] == []
    open_ = [
        (address, status)
        for address, (status, said) in after.items()
        if address.partition("?")[0] not in OF_NOBODY and status not in {403, 404, 422} and not CLOSED.search(said)
    ]
    assert open_ == []
    of_files = {address for address in after if "/feeds/" in address or address.startswith(OF_STATEMENTS)}
    figures = [after[address][0] for address in after.keys() - of_files if "/figures" in address]
    assert set(figures) == (set() if role is None else {409})
    for address, (status, said) in after.items():
        if status == 200 and address.startswith("/reporting/targets.csv"):
            assert all(line.endswith(",draft,10,2026-06-30,,") for line in said.splitlines()[1:]), said


def _own_part(answer: tuple[int, str]) -> tuple[int, str]:
    """Return an answer without what stands around a page's own part."""
    status, body = answer
    return status, body.partition("<main")[2].partition("</main>")[0] if "<main" in body else body


async def _rows(house: House) -> dict[str, str]:
    """Return a digest of the rows of each table of the service."""
    async with house.app.state.service.bus.read() as session:
        names = await session.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
        )
        found = {}
        for name in names.all():
            rows = await session.scalars(text(f'SELECT t::text FROM "{name}" t ORDER BY 1'))
            found[name] = hashlib.sha256("\n".join(rows.all()).encode()).hexdigest()
    return found


async def test_reading_decides_nothing_whenever_it_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reader's request writes a row, today or four months later, and the same request gets the same answer."""
    await feed_events(house, [*world(40), *mentorship(), need(1, quantity=30)])
    await house.publish(LABEL)
    later = [each for each in world(60) if each.story in {ident("application", n) for n in range(40, 60)}]
    await feed_events(house, later)
    client = await house.grant(Role.DONOR)
    paths = addresses(house, Role.DONOR)
    ledger = await _rows(house)
    today = await fetched(client, paths)
    assert any(status == 200 for status, _ in today.values())
    assert await _rows(house) == ledger
    set_day(clock.today() + timedelta(days=124), tmp_path, monkeypatch)
    client = await house.grant(Role.DONOR)
    ledger = await _rows(house)
    then = await fetched(client, paths)
    assert await _rows(house) == ledger
    of_period = [address for address in today if LABEL in address]
    assert [address for address in of_period if _own_part(today[address]) != _own_part(then[address])] == []


async def test_every_reader_leaves_the_ledger_as_it_is(house: House) -> None:
    """Reading figures, published or not, adds no release and no statement, for any role."""
    await feed_events(house, world(40))
    await house.publish(LABEL)
    everybody = [house.stranger(), *[await house.grant(role) for role in sorted(Role)]]
    ledger = await _rows(house)
    for client in everybody:
        for label in (LABEL, "2026", "programme"):
            for path in ("", "api/v1/figures", "figures.csv", "needs.csv", "report.pdf", "api/v1/iati.xml"):
                await client.get(f"/reporting/{path}?period={label}")
    assert await _rows(house) == ledger
    assert set(READERS) < set(Role)
