"""Figures leave through one gate only, and what is published stays as it was shown."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from services.reporting.disclosure import store as disclosure_store
from shared.contracts.codes import Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

SERVICE = Path(__file__).parents[4] / "services" / "reporting"
DECIDING = {"decide", "release", "released_by"}


def test_nothing_but_the_gate_decides_what_is_shown() -> None:
    """Pages, API and feeds are given what was released: of all modules only the gate's own asks the model for it."""
    asking = set()
    for path in sorted(SERVICE.rglob("*.py")):
        if path.parent == SERVICE / "disclosure" / "model":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or "disclosure.model" not in str(node.module):
                continue
            if DECIDING & {each.name for each in node.names}:
                asking.add(str(path.relative_to(SERVICE)))
    assert asking == {"disclosure/actions.py"}


def test_feeds_take_released_figures_only() -> None:
    """No feed imports a figure as it is before the gate."""
    for path in sorted((SERVICE / "feeds").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "services.reporting.indicators.model.figure":
                assert "Figure" not in {each.name for each in node.names}, path.name


async def test_what_was_published_stays_as_it_was_shown(house: House) -> None:
    """What of a period left the house is kept; and later facts change nothing of it."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        answer = await who.post(f"/reporting/periods/2026-Q1/{step}")
        assert answer.status_code == 303, answer.text
    async with house.app.state.service.bus.read() as session:
        out = await disclosure_store.patterns(session)
    assert list(out) == ["2026-Q1"]
    statement, pattern = out["2026-Q1"]
    assert statement == 1
    assert pattern.shown["TOPCOP-OP-02"] == {"": frozenset({""})}, "of three visits the total is shown alone"
    before = (await donor.get("/reporting/api/indicators/TOPCOP-OP-02?period=2026-Q1")).json()
    await feed_events(house, world(16)[-20:])
    assert (await donor.get("/reporting/api/indicators/TOPCOP-OP-02?period=2026-Q1")).json() == before
