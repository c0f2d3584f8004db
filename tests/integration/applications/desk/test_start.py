"""The start page shows the programme, its open calls and the pages of each persona of a local run."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from deploy.local.personas import PERSONAS
from services.applications.desk.pages.start import SEES
from services.applications.routes import page_routers
from services.applications.settings import Settings
from shared.contracts.codes import Role
from shared.contracts.figures import FigurePublished, FigureRestated
from shared.time import clock
from tests.every_page import Opened
from tests.integration.applications.conftest import ORIGIN

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed


async def test_the_start_page_lists_open_calls(programme: Programme) -> None:
    """A call is listed while it takes applications, beside four pictures of how the programme works."""
    text = unescape((await programme.as_("ani").get("/")).text)
    assert f'/applications/calls/{programme.call["id"]}"' in text
    assert text.count('<svg viewBox="0 0 96 64"') == 4
    clock.move(timedelta(days=400))
    text = unescape((await programme.as_("ani").get("/")).text)
    assert "Open calls" not in text


def published(indicator: str, value: str | None, part: str | None = None, *, half: int = 1) -> FigurePublished:
    """Return a published figure of a half-year of 2026, whole or for one value of the country of service."""
    start, end = (("01-01", "06-30"), ("07-01", "12-31"))[half - 1]
    changes = {
        "indicator": indicator,
        "period": f"2026-H{half}",
        "start": f"2026-{start}",
        "end": f"2026-{end}",
        "dimensions": [{"name": "country-of-service", "value": part}] if part else [],
        "value": value,
        "numerator": value,
        "suppressed": value is None,
    }
    example: Any = FigurePublished.example["figure"]
    return FigurePublished.model_validate({"figure": {**example, **changes}})


async def deliver(feed: Feed, *events: FigurePublished | FigureRestated) -> None:
    """Let the portal read events of figures, each under the key that reporting gives it."""
    for event in events:
        figure = event.figure
        parts = [f"{each.name}={each.value}" for each in figure.dimensions]
        await feed.deliver((event, "/".join((figure.indicator, figure.period, *parts))))


async def test_before_the_first_publication_the_start_page_says_so(programme: Programme) -> None:
    """One sentence says that no figures are published, and there is no chart."""
    text = unescape((await programme.as_("ani").get("/")).text)
    assert "No figures are published yet." in text
    assert "tandem-chart" not in text


async def test_the_start_page_shows_what_was_published_last(programme: Programme, feed: Feed, portal: FastAPI) -> None:
    """Anybody reads two figures and a chart of the period that ended last, with a link to its statement.

    A part that is not shown is no bar, and a later statement of the same figure takes its place.
    """
    await deliver(
        feed,
        published("TOPCOP-OP-02", "31", half=2),
        published("TOPCOP-OP-05", "12", half=2),
        published("TOPCOP-OP-02", "17", "south_caucasus", half=2),
        published("TOPCOP-OP-02", "9", "UA", half=2),
        published("TOPCOP-OP-02", "5", "MD", half=2),
        published("TOPCOP-OP-02", "8"),
        published("TOPCOP-OP-03", "77", half=2),
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(portal), base_url=ORIGIN) as stranger:
        answer = await stranger.get("/")
    page = Opened("stranger", "/", answer.status_code, answer.text)
    text, main = unescape(answer.text), " ".join(page.main.text_content().split())
    assert "Visits that officers completed 31 Institutions that hosted them 12" in main
    assert "Most visits by officers from: South Caucasus (17)" in main
    assert [row for row in ("South Caucasus", "Ukraine", "Moldova") if row in main] == [
        "South Caucasus",
        "Ukraine",
        "Moldova",
    ]
    assert 'href="/reporting/2026-H2/latest/"' in text
    assert "77" not in main
    hidden = published("TOPCOP-OP-02", None, "MD", half=2).figure.model_dump(mode="json")
    again = FigureRestated.model_validate({**FigureRestated.example, "figure": hidden})
    fewer = published("TOPCOP-OP-05", None, half=2).figure.model_dump(mode="json")
    await deliver(feed, again, FigureRestated.model_validate({**FigureRestated.example, "figure": fewer}))
    text = unescape((await programme.as_("programme").get("/")).text)
    assert 'href="/reporting/2026-H2/latest/"' in text
    assert "Institutions that hosted them" in text
    assert "Not shown, because few people are behind it" in text
    assert "Moldova" not in text
    assert "/reporting/" not in (await programme.as_("ani").get("/")).text, "officers may not open figures"


async def test_an_installation_may_leave_figures_out(
    programme: Programme, feed: Feed, portal: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `TANDEM_START_FIGURES=false` the start page has neither published figures nor their heading."""
    await deliver(feed, published("TOPCOP-OP-02", "9"))
    assert "Latest results" in (await programme.as_("ani").get("/")).text
    service = portal.state.service
    monkeypatch.setattr(service, "settings", service.settings.model_copy(update={"start_figures": False}))
    text = (await programme.as_("ani").get("/")).text
    assert "How it works" in text
    assert not any(words in text for words in ("Latest results", "No figures are published", "officers completed"))


async def test_one_bar_is_no_chart(programme: Programme, feed: Feed) -> None:
    """The figures stand without a chart if fewer than two countries are shown."""
    await deliver(feed, published("TOPCOP-OP-02", "9"), published("TOPCOP-OP-02", "9", "south_caucasus"))
    text = unescape((await programme.as_("ani").get("/")).text)
    assert "Visits that officers completed" in text
    assert "tandem-chart" not in text


@pytest.mark.parametrize("whole", ["40", None])
async def test_no_country_is_said_to_have_the_most_if_one_not_shown_may_have_more(
    programme: Programme, feed: Feed, whole: str | None
) -> None:
    """If as many visits or more are not shown, or their number is not, the chart's title names no country."""
    await deliver(
        feed,
        published("TOPCOP-OP-02", whole),
        published("TOPCOP-OP-02", "12", "UA"),
        published("TOPCOP-OP-02", "9", "MD"),
    )
    text = unescape((await programme.as_("ani").get("/")).text)
    assert "Completed visits by country of service</figcaption>" in text
    assert "Most visits" not in text
    await deliver(feed, published("TOPCOP-OP-02", "32"))
    text = unescape((await programme.as_("ani").get("/")).text)
    assert "Most visits by officers from: Ukraine (12)</figcaption>" in text


def test_every_persona_names_its_pages() -> None:
    """Each role has one sentence about the pages that it opens, for visitors of a local run."""
    assert set(SEES) == set(Role)
    assert {persona.role for persona in PERSONAS} <= set(SEES)
    assert all(sentence.startswith("You see ") for sentence in SEES.values())


def test_the_page_of_components_is_in_a_local_run_only() -> None:
    """`/design` is a page of a local run, and of no other system."""
    for local in (True, False):
        routers = page_routers(Settings.model_construct(local=local))
        paths = {getattr(route, "path", "") for router in routers for route in router.routes}
        assert ("/design" in paths) is local
