"""Calls are compared by the same indicators, in small and in large programmes, for those who steer."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.reporting.facts import store as facts_store
from services.reporting.figures.actions import counting
from services.reporting.indicators.model import calls
from shared.contracts import EVENTS
from shared.contracts import _examples as ex
from shared.contracts.applications import ApplicationSubmitted
from shared.contracts.codes import Role
from shared.web.site import unbroken
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import WorldEvent, ident, world
from tests.support import example_of

if TYPE_CHECKING:
    import httpx2
    import pytest

    from services.reporting.indicators.model.figure import Figure
    from tests.integration.reporting.conftest import House

OTHER = ident("other call")
ASKED = "TOPCOP-IN-01"
VISITS = "TOPCOP-OP-02"


def two_calls(people: int, every: int) -> list[WorldEvent]:
    """Feed a programme with each n-th application in another call, `B-2026`."""
    published = EVENTS["CallPublished"]
    terms = {**example_of(published)["terms"], "reference": "B-2026"}
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    made = [WorldEvent(published.model_validate({**published.example, "terms": terms}), OTHER, at, OTHER)]
    count = 0
    for event in world(people, running=0):
        if not isinstance(event.event, ApplicationSubmitted):
            made.append(event)
            continue
        count += 1
        profile = event.event.profile.model_copy(update={"call_id": OTHER if count % every == 0 else UUID(ex.CALL)})
        made.append(replace(event, event=event.event.model_copy(update={"profile": profile})))
    return made


async def rows(client: httpx2.AsyncClient, address: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows of the file by indicator and call."""
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return {(row["indicator"], row["call"]): row for row in csv.DictReader(io.StringIO(answer.text))}


async def reference_of_first(house: House) -> str:
    """Return the reference of the call of the examples."""
    return str(example_of(EVENTS["CallPublished"])["terms"]["reference"])


async def test_calls_are_side_by_side(house: House) -> None:
    """Each call has its number and the difference to the first, and a wrong choice is named and kept."""
    await feed_events(house, two_calls(24, 3))
    evaluator = await house.grant(Role.EVALUATOR)
    first = await reference_of_first(house)
    page = await evaluator.get(f"/reporting/compare/calls?call={first}&call=B-2026&call=&call=")
    assert page.status_code == 200, page.text
    assert str(unbroken(f"Each difference is compared with {first}")) in page.text
    assert "/reporting/compare/calls" in (await evaluator.get("/reporting/compare")).text
    found = await rows(evaluator, f"/reporting/compare/calls.csv?call={first}&call=B-2026")
    assert (found[ASKED, first]["value"], found[ASKED, "B-2026"]["value"]) == ("16", "8")
    assert found[VISITS, "B-2026"]["difference"] == "-8"
    assert ("TOPCOP-IN-02", first) not in found, "an offer belongs to no application"
    for wrong, sentence in (
        (f"call={first}&call={first}", "You chose a call twice"),
        (f"call={first}&call=nowhere", "There is no such call"),
    ):
        answer = await evaluator.get(f"/reporting/compare/calls?{wrong}")
        assert answer.status_code == 422
        assert sentence in answer.text
        assert (await evaluator.get(f"/reporting/compare/calls.csv?{wrong}")).status_code == 422


async def test_only_who_steers_compares_calls(house: House) -> None:
    """The numbers of calls are never published: who steers sees also those of three people, and nobody else any."""
    await feed_events(house, two_calls(24, 8))
    first = await reference_of_first(house)
    address = f"/reporting/compare/calls.csv?call={first}&call=B-2026"
    found = await rows(await house.grant(Role.EVALUATOR), address)
    assert found[ASKED, "B-2026"]["value"] == "3"
    for role in (Role.DONOR, Role.ANASPOC, Role.NATIONAL_COORDINATOR, Role.AUDITOR):
        client = await house.grant(role)
        assert (await client.get(address)).status_code == 403
        assert (await client.get("/reporting/compare/calls")).status_code == 403
        assert "/reporting/compare/calls" not in (await client.get("/reporting/compare")).text


async def test_without_a_call_the_page_says_so(house: House) -> None:
    """Before the first call the page says that there is nothing to compare."""
    evaluator = await house.grant(Role.EVALUATOR)
    assert "No call is published yet" in (await evaluator.get("/reporting/compare/calls")).text


async def test_a_large_programme_shows_calls_as_last_counted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's figures equal those of a direct count, and afterwards none is stale."""
    await feed_events(house, two_calls(12, 2))
    at_once = await _by_call(house)
    assert at_once
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    assert await _by_call(house) == []
    bus = house.app.state.service.bus
    async with bus.read() as session:
        due = [label for label in await counting.stale_periods(session) if calls.call_in(label)]
    assert len(due) == 3, "each of the calls, and all together"
    assert await counting.recount_stale(bus, due) == 3 * len(calls.BY_CALL)
    assert _numbers(await _by_call(house)) == _numbers(at_once)
    async with bus.read() as session:
        assert not {label for label in await counting.stale_periods(session) if calls.call_in(label)}


async def test_a_call_counts_like_a_separate_programme(house: House) -> None:
    """The figures of a call come from its applications' facts only, and additive ones add up to the total."""
    await feed_events(house, two_calls(12, 3))
    async with house.app.state.service.bus.read() as session:
        facts = await facts_store.used(session)
    made = {each.definition.id: each for each in await _by_call(house)}
    for call, own in calls.shared_out(facts).items():
        for figure in calls.count(own, call, made[ASKED].cut_off, calls.BY_CALL):
            cell = made[figure.definition.id].breakdowns[calls.DIMENSION].get(call, made[figure.definition.id].total)
            if figure.total.contributors:
                assert (cell.value, cell.digest) == (figure.total.value, figure.total.digest)
    for figure in made.values():
        if figure.definition.additive:
            assert sum(cell.value or 0 for cell in figure.breakdowns[calls.DIMENSION].values()) == figure.total.value


async def _by_call(house: House) -> list[Figure]:
    async with house.app.state.service.bus.read() as session:
        return await counting.by_call(session)


def _numbers(made: list[Figure]) -> Any:
    return [
        (figure.definition.id, figure.total.value, [(call, c.value, c.digest) for call, c in cells.items()])
        for figure in made
        for cells in figure.breakdowns.values()
    ]
