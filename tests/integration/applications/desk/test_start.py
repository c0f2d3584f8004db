"""The start page shows the programme, its open calls and the pages of each persona of a local run."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

from deploy.local.personas import PERSONAS
from services.applications.desk.pages.start import SEES
from shared.contracts.codes import Role
from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


async def test_the_start_page_lists_open_calls(programme: Programme) -> None:
    """A call is listed while it takes applications, beside four pictures of how the programme works."""
    text = unescape((await programme.as_("ani").get("/")).text)
    assert f'/applications/calls/{programme.call["id"]}"' in text
    assert text.count('<svg viewBox="0 0 96 64"') == 4
    clock.move(timedelta(days=400))
    text = unescape((await programme.as_("ani").get("/")).text)
    assert "Open calls" not in text


def test_every_persona_names_its_pages() -> None:
    """Each role has one sentence about the pages that it opens, for visitors of a local run."""
    assert set(SEES) == set(Role)
    assert {persona.role for persona in PERSONAS} <= set(SEES)
    assert all(sentence.startswith("You see ") for sentence in SEES.values())
