"""Each pair of actions by API on a record, in both orders and at once: what is answered, written and published agrees.

The routes are found by the test; `acts.py` says who may do each, and with what. For each state of a record every
action that is possible comes first, and every action on that kind of record second: with the version from before, then
with the present one. Pairs are left out where the first action is not possible in the state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from shared.identity import every_route
from tests.integration.applications import acts as table
from tests.integration.applications.acts import API
from tests.integration.applications.pairs import try_scene
from tests.integration.applications.scenes import SCENES, make_scene
from tests.pairs import WRITING

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


def test_every_route_that_changes_a_record_is_tried(programme: Programme) -> None:
    """Each writing route that names a record is in the table of actions, or left out for a reason; no other is."""
    known = {act.route for acts in table.acts().values() for act in acts}
    left = {path for paths in table.LEFT_OUT.values() for path in paths}
    found = set()
    for route, _ in every_route(programme.app):
        path = str(route.path_format)
        if path.startswith(API) and set(route.methods or ()) & WRITING and re.search(r"{(\w+)}", path):
            found.add(path.removeprefix(API))
    assert sorted(found - known - left) == [], "say in acts.py who may call it, and with what"
    assert sorted((known | left) - found) == [], "gone: take it out of acts.py"
    assert not known & left


@pytest.mark.parametrize("scene", [scene for scene, (kind, _) in SCENES.items() if kind in table.acts()])
async def test_each_pair_of_actions(abroad: Abroad, scene: str) -> None:
    """A repeat changes nothing, anything else is done or refused; database and events agree."""
    kind, ids = await make_scene(abroad, scene)
    trial = await try_scene(abroad, ids, table.acts()[kind], strict=True)
    trial.check()
