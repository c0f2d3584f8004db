"""Each pair of actions on a record of reporting, in both orders and at once.

What is answered, written and published agrees, and a refusal says what is true. A test finds the routes that write:
each is in a scene, or left out for a reason.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from services.reporting.figures.actions import running_counts
from shared.bus.db.journal import IN_ORDER
from shared.contracts.lifecycle import TRANSITIONS, allowed
from tests.integration.reporting.acts import API, PERIOD, SCENES, People
from tests.integration.reporting.approval.test_restatements import quick_processes
from tests.integration.reporting.conftest import set_day
from tests.pair_trial import COUNTED, PairTrial, writing_routes
from tests.pairs import KeptDatabase
from tests.support import owner_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.reporting.conftest import House

__all__ = ["quick_processes"]
LEFT_OUT = {
    "makes another one each time, unless it is repeated with its key": {("POST", f"{API}/feeds/tokens")},
    "reads with a trace, for another service": {("POST", "/reporting/internal/words")},
}
LASTING = f"^done=(saved|reminded|waived)|^done_(added|erased)=|{COUNTED}"
"""Words about a draft that its page shows, about a waiver, which is for good, and numbers of that moment."""


async def whole(kept: KeptDatabase) -> list[str]:
    """Return where rows and events do not agree: periods by the contracts' table, and the numbers of events."""
    found = []
    target = {(row.event, source): row.target for row in TRANSITIONS for source in row.sources or (None,)}
    states = {row.label: row.state for row in await kept.run("SELECT label, state FROM period WHERE state <> 'draft'")}
    story: dict[str, str] = {}
    facts = await kept.run(
        "SELECT aggregateid, type FROM journal WHERE aggregatetype = 'exchange.periods' AND aggregateid <> 'groupings'"
        f" ORDER BY {IN_ORDER}"
    )
    for label, event in facts:
        if not allowed(event, story.get(label, "draft")):
            found.append(f"{event} came in {story.get(label)}")
        story[label] = str(target.get((event, story.get(label, "draft"))) or story.get(label))
    if story != states:
        found.append(f"the events lead to {story}, the table holds {states}")
    numbers = {
        "EvaluationSubmitted": "SELECT count(*) FROM submission WHERE form = 'evaluation'",
        "ReportSubmitted": "SELECT count(*) FROM submission WHERE form = 'report'",
        "FollowUpSubmitted": "SELECT count(*) FROM submission WHERE form = 'follow_up'",
        "EvaluationWaived": "SELECT count(*) FROM submission WHERE form = 'waiver'",
        "TestScored": "SELECT count(*) FROM sitting WHERE handed_in_at IS NOT NULL",
        "CascadeDelivered": "SELECT count(*) FROM cascade",
        "CascadeConfirmed": "SELECT count(*) FROM cascade WHERE state = 'confirmed'",
        "CascadeRefused": "SELECT count(*) FROM cascade WHERE state = 'refused'",
        "PeriodRestated": "SELECT count(*) FROM restatement WHERE state = 'approved'",
    }
    counts = " UNION ALL ".join(
        f"SELECT '{event}', ({query}), (SELECT count(*) FROM journal WHERE type = '{event}')"
        for event, query in numbers.items()
    )
    for event, rows, published in await kept.run(counts):
        if rows != published:
            found.append(f"{published} events {event}, {rows} rows")
    return found


async def period_now(kept: KeptDatabase) -> str:
    """Return what a refusal may say of the period."""
    rows = await kept.run(f"SELECT state FROM period WHERE label = '{PERIOD}'")
    said = {
        "submitted": "were submitted on",
        "returned": "were returned to their author on",
        "frozen": "were approved and frozen on",
        "published": "were published on",
    }
    return said.get(rows[0].state if rows else "draft", "have not been submitted yet")


def test_every_route_that_writes_is_tried(house: House) -> None:
    """Each writing route of the service is in a scene, or left out for a reason; no other is."""
    tried = {(act.method, act.route) for acts, _ in SCENES.values() for act in acts()}
    left = {route for routes in LEFT_OUT.values() for route in routes}
    assert tried | left == writing_routes(house.app)
    assert not tried & left


@pytest.mark.usefixtures("own_clock", "quick_processes")
@pytest.mark.parametrize("scene", SCENES)
async def test_each_pair_of_actions(house: House, scene: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat is answered as the first time, anything else is done or refused; rows, events and sentence agree."""
    if scene not in {"test before", "test after"}:
        set_day(date(2026, 11, 20), tmp_path, monkeypatch)
    monkeypatch.setattr(running_counts, "PATIENCE", 60.0)  # each answer comes with its result, however busy the machine
    people = People(house)
    acts, make = SCENES[scene]
    ids = await make(people)
    async with owner_of(house.app.state.service.bus) as owner:
        truth = period_now if "label" in ids else None
        trial = PairTrial(house.app, KeptDatabase(owner), people.clients, ids, whole, {"free_text_log"}, truth, LASTING)
        await trial.try_all(acts())
    assert not trial.wrong, f"{len(trial.wrong)} of {trial.pairs} pairs:\n" + "\n".join(dict.fromkeys(trial.wrong))
    assert trial.pairs
