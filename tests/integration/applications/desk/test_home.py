"""The first page shows to each person what the rooms register as waiting for them, in few statements."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

HOME = "/applications/"
ENTRY = re.compile(
    r'id="todo-\d+"><strong>(.*?)</strong>(?:<span [^>]*>(.*?)</span>)?</div>.*?href="([^"]*)"[^>]*>(.*?)</a>',
    re.DOTALL,
)


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


async def entries(programme: Programme, subject: str) -> list[tuple[str, ...]]:
    """Return the list "To do" of a person: thing, person or place, address and button, in the order of the page."""
    answer = await programme.as_(subject).get(HOME)
    assert answer.status_code == 200, answer.text
    return [tuple(map(unescape, found)) for found in ENTRY.findall(answer.text)]


async def enter_officers(programme: Programme, *subjects: str) -> None:
    """Enter officers of Armenia who can apply."""
    known: dict[str, Any] = {"service": "police", "rank_group": "supervisor", "years_in_field": 8}
    people = [programme.person(subject, f"Officer {subject}", "AM", "officer", **known) for subject in subjects]
    await programme.post("programme", "/people", {"people": people}, 201)


async def test_each_room_shows_what_waits(abroad: Abroad) -> None:
    """Queue, matches, visits and mentorships show their entries to those for whom they wait, and to nobody else."""
    made = await abroad.of.submitted()
    about = f"Application {made['reference']}", "Ani Petrosyan", f"/applications/cases/{made['id']}"
    expected = [(*about, "Review application")]
    assert await entries(abroad.of, "tigran") == expected
    match_id = await abroad.proposed(await abroad.eligible("nino", "giorgi"), country="GE",
                                     organisation_id=abroad.of.organisations["GE"])  # fmt: skip
    [(thing, place, href, button)] = await entries(abroad.of, "giorgi")
    assert (thing[:9], bool(place), href, button) == (
        "Match GE-",
        True,
        f"/applications/matches/{match_id}",
        "Clear match",
    )
    assert await entries(abroad.of, "tigran") == expected
    assert await entries(abroad.of, "nino") == []
    await abroad.post("giorgi", f"/matches/{match_id}/clear")
    assert await entries(abroad.of, "luc") == [(thing, f"Guest from Georgia · {place}", href, button)]


async def test_each_entry_leads_to_what_it_counts(abroad: Abroad) -> None:
    """Guest, host and sender prepare a visit, the pair signs; who receives reads who comes; buttons open pages."""
    visit_id = await abroad.scheduled(await abroad.placement_matched())
    pair = await abroad.opened(await abroad.mentor_matched())
    prepare = (f"/applications/visits/{visit_id}", "Prepare visit")
    sign = (f"/applications/mentorships/{pair}", "Sign the agreement")
    for subject, comes, expected in (
        ("ani", [], prepare),
        ("claire", ["Guest from Armenia"], prepare),
        ("nino", [], sign),
        ("jonas", ["Mentee from Georgia"], sign),
    ):
        [(_, place, *button)] = await entries(abroad.of, subject)
        *comes_from, organisation = place.split(" · ")
        assert (comes_from, bool(organisation)) == (comes, True)
        assert tuple(button) == expected
        assert (await abroad.of.as_(subject).get(expected[0])).status_code == 200
    assert prepare in [entry[2:] for entry in await entries(abroad.of, "tigran")]


async def test_overdue_work_comes_first(abroad: Abroad) -> None:
    """The list is in the order of the due dates, an overdue entry is marked, and what waits for others is below it."""
    await enter_officers(abroad.of, "davit")
    first, second = await abroad.of.submitted(), await abroad.of.submitted("davit")
    await abroad.of.post("tigran", f"/applications/{second['id']}/return", {"remarks": {"topics": "Which one?"}})
    [entry] = await entries(abroad.of, "tigran")
    assert entry[0] == f"Application {first['reference']}"
    page = (await abroad.of.as_("tigran").get(HOME)).text
    assert page.index("1 application returned for information") > page.index("In progress") > page.index(entry[0])
    assert "Overdue" not in page
    clock.move(timedelta(days=30))
    page = (await abroad.of.as_("tigran").get(HOME)).text
    assert page.index("Overdue") < page.index("Review application")


async def test_a_draft_waits_until_the_deadline_of_its_call_only(abroad: Abroad) -> None:
    """A draft is work of the officer until its call's deadline, and says after it that it can be deleted."""
    body = {"call_id": abroad.of.call["id"], "kind": "study_visit", "answers": {}, "privacy": True}
    await abroad.of.post("ani", "/applications", body, 201)
    assert [entry[3] for entry in await entries(abroad.of, "ani")] == ["Continue application"]
    clock.move(timedelta(days=31))
    assert await entries(abroad.of, "ani") == []
    page = unescape((await abroad.of.as_("ani").get(HOME)).text)
    assert "The call's deadline has passed. You can delete the draft." in page


async def test_a_long_list_ends_with_a_link_to_the_rest(abroad: Abroad) -> None:
    """Five applications are shown one by one, and the others are one entry with their number."""
    officers = [f"officer{number}" for number in range(7)]
    await enter_officers(abroad.of, *officers)
    for officer in officers:
        await abroad.of.submitted(officer)
    found = await entries(abroad.of, "tigran")
    assert [entry[3] for entry in found] == ["Review application"] * 5 + ["Show applications"]
    assert (found[-1][0], found[-1][2]) == ("2 more applications", "/applications/cases?needs=me")


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
