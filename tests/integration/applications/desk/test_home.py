"""The first page shows to each person what the rooms register as waiting for them, in few statements."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

HOME = "/applications/"
ENTRY = re.compile(r'<a href="([^"]*)"><span class="tandem-counts__number">(.*?)</span> <span [^>]*>(.*?)</span>')


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements that any engine executes."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    sa.event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(Engine, "before_cursor_execute", note)


async def entries(programme: Programme, subject: str) -> list[tuple[str, str]]:
    """Return what waits for a person: each text with its address, in the order of the page."""
    answer = await programme.as_(subject).get(HOME)
    assert answer.status_code == 200, answer.text
    return [(f"{count} {name}", href) for href, count, name in ENTRY.findall(answer.text)]


async def test_each_room_shows_what_waits(abroad: Abroad) -> None:
    """Queue, matches, visits and mentorships show their entries to those for whom they wait, and to nobody else."""
    await abroad.of.submitted()
    expected = [("1 application is waiting for your decision", "/applications/cases?needs=me")]
    assert await entries(abroad.of, "tigran") == expected
    match_id = await abroad.proposed(await abroad.eligible("nino", "giorgi"), country="GE",
                                     organisation_id=abroad.of.organisations["GE"])  # fmt: skip
    assert await entries(abroad.of, "giorgi") == [("1 match is waiting for you", "/applications/matches?state=waits")]
    assert await entries(abroad.of, "tigran") == expected
    assert await entries(abroad.of, "nino") == []
    await abroad.post("giorgi", f"/matches/{match_id}/clear")
    assert await entries(abroad.of, "luc") == [("1 match is waiting for you", "/applications/matches?state=waits")]


async def test_each_entry_leads_to_what_it_counts(abroad: Abroad) -> None:
    """Guest, host and sender prepare a visit, the pair signs; each address opens a page."""
    await abroad.scheduled(await abroad.placement_matched())
    await abroad.opened(await abroad.mentor_matched())
    prepare = ("1 visit needs something from you before travel", "/applications/visits?state=unready")
    sign = ("1 mentorship waits for you", "/applications/mentorships?state=waits")
    for subject, expected in {"ani": [prepare], "claire": [prepare], "nino": [sign], "jonas": [sign]}.items():
        assert await entries(abroad.of, subject) == expected
        for _, href in expected:
            assert (await abroad.of.as_(subject).get(href)).status_code == 200
    assert prepare in await entries(abroad.of, "tigran")


@pytest.mark.parametrize(("subject", "most"), [("ani", 52), ("claire", 29), ("jonas", 32), ("programme", 36)])
async def test_the_page_needs_few_statements(abroad: Abroad, subject: str, most: int) -> None:
    """Matches that several rooms need are read once; the session and its rights are one statement each.

    The facts from which an officer's next steps follow take some fifteen more, for one application or for many.
    """
    await abroad.scheduled(await abroad.placement_matched())
    await abroad.opened(await abroad.mentor_matched())
    client = abroad.of.as_(subject)
    await client.get(HOME)
    with statements() as found:
        assert (await client.get(HOME)).status_code == 200
    assert 0 < len(found) <= most
