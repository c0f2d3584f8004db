"""Readers fetch what was decided before: it does not move with the facts, and open periods are closed."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from shared.contracts.codes import Role
from shared.identity import every_route
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, mentorship, need, world
from tests.integration.test_extreme_values import parameters
from tests.integration.test_routes_by_role import PARAMETER

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House

OPEN = ("2026-Q1", "2026", "programme")
"""Periods of the test that are not published; the half-year is."""
LABEL = "2026-H1"
OF_STATEMENTS = (f"/reporting/{LABEL}/", "/reporting/latest/")
"""Beginnings of the addresses of published statements, which stay as they are."""
VALUES = {
    "indicator": ("TOPCOP-IN-01", "TOPCOP-OP-02", "TANDEM-ND-01"),
    "name": ("figures.csv", "figures.json", "iati-activities.xml", "path"),
    "period": (LABEL, "latest"),
    "label": (LABEL,),
    "statement": ("1", "latest"),
    "number": ("1",),
}
"""Values for the parameters of routes; any other is the id of an application."""
TRACED = frozenset({Role.EVALUATOR, Role.PROGRAMME_COORDINATOR, Role.AUDITOR})
STEERING = frozenset({Role.EVALUATOR, Role.PROGRAMME_COORDINATOR})
READERS = sorted(set(Role) - STEERING)


VARIED = frozenset({"period", "call"})
"""Parameters of the query that choose figures: a route that declares neither reads neither."""


def addresses(house: House, role: Role | None) -> list[str]:
    """Return an address for each route that a role (none: everybody) may read, and each value of its parameters.

    One that takes a period or a call stands there without them, for the published period, and for each open one.
    """
    found = []
    for route, access in every_route(house.app):
        path = str(route.path)
        single = access.roles == TRACED  # events and journeys: single facts, whose reader is an auditor
        if "GET" not in (route.methods or ()) or single or not path.startswith("/reporting"):
            continue
        if access.kind == "public" or (role is not None and access.kind != "ticket" and access.admits(role)):
            made = [path]
            for name, kind in PARAMETER.findall(path):
                field = f"{{{name}:{kind}}}" if kind else f"{{{name}}}"
                values = VALUES.get(name, (str(ident("application", 0)),))
                made = [each.replace(field, value) for each in made for value in values]
            found += made
            if VARIED & dict(parameters(route.dependant)).keys():
                queries = (f"period={LABEL}", *(f"period={label}&call=a" for label in OPEN))
                found += [f"{each}?{query}" for each in made for query in queries]
    return sorted(set(found))


_OF_THE_MOMENT = (
    r'name="csrf_token" value="[^"]+"|(generated|last-updated)-datetime="[^"]+"|The clock was changed\. It shows [^.]+'
)
"""Tokens of forms, and what only tells when a page or file was made; the last, where the clock was moved."""


async def fetched(client: httpx2.AsyncClient, addresses: list[str]) -> dict[str, tuple[int, str]]:
    """Return status and text of each address, without what is of the moment."""
    found = {}
    for address in addresses:
        answer = await client.get(address)
        text = _workbook(answer.content) if answer.content[:2] == b"PK" else answer.content.decode(errors="replace")
        found[address] = (answer.status_code, re.sub(_OF_THE_MOMENT, "", text))
    return found


def _workbook(content: bytes) -> str:
    """Return what an Excel file holds, without the moment at which it was made."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return "\n".join(parts.read(name).decode() for name in sorted(parts.namelist()) if name != "docProps/core.xml")


def _lines(before: tuple[int, str], after: tuple[int, str]) -> list[str]:
    """Return the lines in which two answers differ."""
    pairs = zip(before[1].splitlines(), after[1].splitlines(), strict=False)
    return [f"{was.strip()[:150]} / {now.strip()[:150]}" for was, now in pairs if was != now][:3]


@pytest.mark.timeout(900)
async def test_nothing_that_readers_fetch_moves_with_the_facts(house: House) -> None:
    """New applications and visits change no page, file or answer of any route until a statement is released.

    That is so for everybody and for each role that does not steer.
    """
    await feed_events(house, [*world(40), *mentorship(), need(1, quantity=30)])
    await house.publish(LABEL)
    clients = {None: house.stranger()} | {role: await house.grant(role) for role in READERS}
    before = {role: await fetched(client, addresses(house, role)) for role, client in clients.items()}
    later = [each for each in world(60) if each.story in {ident("application", n) for n in range(40, 60)}]
    await feed_events(house, later)
    after = {role: await fetched(client, list(before[role])) for role, client in clients.items()}
    for role, answers in before.items():
        assert any(status == 200 for status, _ in answers.values()), role
        moved = {address for address in answers if answers[address] != after[role][address]}
        assert moved == set(), (role, [_lines(answers[each], after[role][each]) for each in sorted(moved)][:2])
        for address, (status, _) in answers.items():
            of_files = address.startswith((*OF_STATEMENTS, "/reporting/feeds/")) or "/api/v1/feeds/" in address
            figures = any(each in address for each in ("figures.csv", "/figures", "/indicators/", "/charts/"))
            if figures and not of_files:
                assert role is not None, f"{address} is open to everybody"
                assert f"{address.partition('?')[0]}?period={OPEN[0]}&call=a" in answers, f"{address} takes no period"
                if address.endswith("&call=a"):
                    assert status in {403, 404, 409}, f"{address} by {role}: {status}"


async def test_readers_do_not_hear_when_facts_arrive(house: House) -> None:
    """The stream that signals each fact is closed to readers, and their page does not ask for it."""
    streams = [access for route, access in every_route(house.app) if str(route.path).endswith("/live")]
    assert streams
    assert not any(access.admits(role) for access in streams for role in READERS)
    await feed_events(house, world(12))
    await house.publish(LABEL)
    pages = [(await (await house.grant(role)).get("/reporting/")).text for role in (Role.DONOR, Role.EVALUATOR)]
    assert ["data-live=" in page for page in pages] == [False, True]


async def test_those_who_steer_see_what_is_not_published(house: House) -> None:
    """The same facts move the figures of an evaluator: what the others do not see is there."""
    await feed_events(house, world(12))
    evaluator = await house.grant(Role.EVALUATOR)
    before = (await evaluator.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026")).json()
    await feed_events(house, [each for each in world(13) if each.story == ident("application", 12)])
    after = (await evaluator.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026")).json()
    assert (before["value"], after["value"]) == ("12", "13")
    assert min(int(part["value"]) for part in after["breakdowns"]["country-of-service"]) == 3
