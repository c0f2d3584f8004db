"""Each pair of forms of pages, in two tabs: twice and in both orders, and each at once with itself and another one.

As `test_pairs_of_actions.py`, for people: a page is opened before the first action, and its form is sent after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.routing import iter_route_contexts

from tests.integration.applications import page_acts as table
from tests.integration.applications.acts import API
from tests.integration.applications.pairs import try_scene
from tests.integration.applications.scenes import SCENES, make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

FORMS = table.page_acts()
"""The forms of each kind of record."""
BY_API_TOO = {"application", "match", "visit", "mentorship", "incident", "group"}
"""The kinds of which each pair is tried by API, and some by forms, which do the same."""
BY_API_ONLY = {"match half cleared", "match half accepted"}
"""Scenes whose forms are those of another scene of the match: their pairs are tried by API only."""


def _parts_match(route: str, path: str) -> bool:
    """Return whether a route answers an address whose parameters stand in it by their names."""
    parts = list(zip(route.split("/"), path.split("/"), strict=False))
    alike = route.count("/") == path.count("/")
    return alike and all(mine == theirs or mine.startswith("{") for mine, theirs in parts)


def _route_of(routes: list[str], path: str) -> Iterator[str]:
    """Return the route that answers an address: the one with its own words, before one with a parameter for them."""
    yield from sorted((route for route in routes if _parts_match(route, path)), key=lambda route: route.count("{"))[:1]


def test_every_form_is_tried(programme: Programme) -> None:
    """Each route that takes a form is in the table of actions, or left out for a reason; no other is."""
    routes = [
        str(route.path_format)
        for route in iter_route_contexts(programme.app.routes)
        if "POST" in (route.methods or ()) and not str(route.path_format).startswith(API)
    ]
    tried = {route for acts in FORMS.values() for act in acts for route in _route_of(routes, act.path)}
    left = {path for paths in table.LEFT_OUT.values() for path in paths}
    assert len(routes) > 140
    assert sorted(set(routes) - tried - left) == [], "try it in a scene, or say in LEFT_OUT why not"
    assert not left - set(routes)
    assert not left & tried


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene not in BY_API_ONLY])
async def test_each_pair_of_forms(abroad: Abroad, scene: str) -> None:
    """A second click shows the first result, any other form is done or told what is true; database and events agree."""
    kind, ids = await make_scene(abroad, scene)
    near = 4 if kind in BY_API_TOO else 0
    trial = await try_scene(abroad, ids, FORMS[kind], strict=True, near=near)
    trial.check()
