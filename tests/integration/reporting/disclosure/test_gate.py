"""Figures are released by disclosure control only, and published figures stay as they were shown."""

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
DECIDING = {"decide", "release", "released_by", "standing_by", "whole"}


def test_only_disclosure_control_releases_figures() -> None:
    """Pages, API and feeds get released figures, and only the module of disclosure control asks the model for them."""
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


def test_feeds_import_released_figures_only() -> None:
    """No feed imports a figure as it is before disclosure control."""
    for path in sorted((SERVICE / "feeds").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "services.reporting.indicators.model.figure":
                assert "Figure" not in {each.name for each in node.names}, path.name


async def test_published_figures_stay_as_they_were_shown(house: House) -> None:
    """The released figures of a period are stored, and later facts do not change them."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        answer = await who.post(f"/reporting/periods/2026-Q1/{step}")
        assert answer.status_code == 303, answer.text
    async with house.app.state.service.bus.read() as session:
        [(label, statement, pattern)] = await disclosure_store.releases(session)
    assert (label, statement) == ("2026-Q1", 1)
    assert pattern.shown["TOPCOP-OP-02"][""] == frozenset({""}), "of eight visits the total is shown"
    before = (await donor.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026-Q1")).json()
    await feed_events(house, world(16)[-20:])
    assert (await donor.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026-Q1")).json() == before
