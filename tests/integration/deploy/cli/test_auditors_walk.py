"""An auditor goes by links alone from a published number to the anchor of a chain, and runs what the pages print."""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

import httpx2
import pytest
from sqlalchemy import text

from deploy.cli.system import SERVICES
from services.matching.app import create_app as create_matching
from services.matching.settings import Settings as MatchingSettings
from services.reporting.app import create_app as create_reporting
from services.reporting.consumers import consumers
from services.reporting.settings import Settings as ReportingSettings
from shared.bus import bus_tables
from shared.bus.outbox.anchors import Anchors, anchor_today
from shared.contracts import TOPICS, read
from shared.contracts.codes import Role
from shared.identity import Grant, access_table, write_access
from shared.time import clock
from tests.integration.reporting.conftest import House
from tests.integration.reporting.world import world
from tests.serving import served
from tests.sessions import session_cookie, session_table
from tests.support import Feed, as_owner, create_tables, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from tests.conftest import Databases

LABEL = "2026-Q1"
INDICATOR = "TOPCOP-OP-02"
VISITS = 16
ROOT = Path(__file__).parents[4]
_LINK = re.compile(r'<a class="govuk-link" href="([^"]+)"([^>]*)>(.*?)</a>', re.DOTALL)
_BACK = re.compile(r'<a class="govuk-back-link" href="([^"]+)"')
_COMMAND = re.compile(r'<pre class="tandem-command"[^>]*><code>(.*?)</code></pre>', re.DOTALL)


@dataclass
class Gateway:
    """One address in front of services, with one sign-in for all of them."""

    apps: dict[str, FastAPI]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: hand a request to the service that its path names, with the auditor's session there."""
        app = self.apps[scope["path"].split("/")[1]]
        cookie = b"cookie", session_cookie(app, "auditor").encode()
        await app({**scope, "headers": [*scope["headers"], cookie]}, receive, send)


@dataclass
class Walk:
    """An auditor with a browser and a folder for what is downloaded; each step follows a link of the page before."""

    client: httpx2.AsyncClient
    folder: Path
    address: str
    page: str = ""
    passed: list[str] = field(default_factory=list)

    async def open(self, address: str) -> None:
        """Open the page at an address."""
        answer = await self.client.get(address, follow_redirects=True)
        assert answer.status_code == 200, (address, answer.text)
        self.address, self.page = str(answer.url), answer.text
        self.passed.append(answer.url.path)

    def links(self) -> list[tuple[str, str, bool]]:
        """Return the links of the page: their text, where they lead, and whether they are downloads."""
        found = []
        for href, rest, inside in _LINK.findall(self.page):
            words = " ".join(html.unescape(re.sub(r"<[^>]+>", "", inside)).split())
            found.append((words, urljoin(self.address, html.unescape(href)), "download" in rest))
        return found

    async def follow(self, words: str) -> None:
        """Follow the first link whose text begins with these words."""
        await self.open(next(href for text_of, href, _ in self.links() if text_of.startswith(words)))

    def back(self) -> str:
        """Return where the page leads back to; empty if it does not."""
        found = _BACK.search(self.page)
        return urljoin(self.address, html.unescape(found[1])) if found else ""

    async def download(self, words: str) -> None:
        """Save the file behind a link, under the name that the server gives it."""
        href = next(href for text_of, href, saved in self.links() if saved and text_of == words)
        answer = await self.client.get(href)
        named = re.search(r'filename="([^"]+)"', answer.headers["content-disposition"])
        assert named is not None
        (self.folder / named[1]).write_bytes(answer.content)

    def commands(self) -> list[str]:
        """Return the commands that the page prints."""
        return [html.unescape(each) for each in _COMMAND.findall(self.page)]

    def value(self, key: str) -> str:
        """Return what the page's summary says of something."""
        found = re.search(rf"{re.escape(key)}</dt>\s*<dd[^>]*>(.*?)</dd>", self.page, re.DOTALL)
        assert found is not None, key
        return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


@dataclass
class Installation:
    """The databases of all services, those of two of them behind a gateway, and the folder of the anchors."""

    gateway: Gateway
    environment: dict[str, str]

    async def run(self, command: str, folder: Path) -> tuple[int | None, str]:
        """Run a printed command as the shell does; return its status and what it printed."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        environment = kept | self.environment | {"PATH": path, "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euc", command),
            cwd=folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        return process.returncode, printed.decode()


@pytest.fixture
def bus_only(postgres: Databases) -> str:
    """Return the name of a template with the bus's tables."""
    return postgres.template("bus_only", lambda url: asyncio.run(create_tables(url, bus_tables)))


@pytest.fixture
def of_reporting(postgres: Databases) -> str:
    """Return the name of a template with reporting's tables."""
    return postgres.of_service("reporting")


@pytest.fixture
async def installation(
    postgres: Databases, tmp_path: Path, bus_only: str, of_reporting: str
) -> AsyncIterator[Installation]:
    """Publish a quarter whose events are in the journals of their owners, and anchor all chains."""
    anchors = tmp_path / "anchors"
    addresses = {name: postgres.new(bus_only) for name in SERVICES if name != "reporting"}
    addresses["reporting"] = postgres.new(of_reporting)
    await create_tables(addresses["matching"], access_table, session_table)
    given = {"anchors": anchors}
    apps = {
        "matching": create_matching(MatchingSettings(**settings_for(addresses["matching"], **given)), background=False),
        "reporting": create_reporting(
            ReportingSettings(**settings_for(addresses["reporting"], **given)), background=False
        ),
    }
    house = House(apps["reporting"], Feed(apps["reporting"].state.service.bus, consumers))
    urls = {
        f"TANDEM_DATABASE_URL_{name.upper()}": address.replace("+asyncpg", "") for name, address in addresses.items()
    }
    owners = {name.replace("URL", "OWNER_URL"): as_owner(url) for name, url in urls.items()}
    environment = {"TANDEM_KAFKA": "127.0.0.1:1", "TANDEM_ANCHORS": str(anchors), **urls, **owners}
    await _record_programme(environment, house)
    await house.publish(LABEL)
    for app in apps.values():
        async with app.state.service.bus.transaction("system:tests") as tx:
            await write_access(tx.session, {"auditor": ([Grant(Role.AUDITOR, clock.today())], clock.now())})
    for name in SERVICES:
        bus = _bus(environment, name)
        assert await anchor_today(bus, Anchors(anchors, name))
        await bus.close()
    yield Installation(Gateway(apps), environment)
    for app in apps.values():
        await app.state.service.bus.close()
    for address in addresses.values():
        postgres.drop(address)


def _bus(environment: dict[str, str], service: str) -> Any:
    from deploy.cli.system import System  # noqa: PLC0415 - with its bus

    return System(environment).bus(service)


async def _record_programme(environment: dict[str, str], house: House) -> None:
    """Record visits in the journals of their owners, and give reporting what the journals hold."""
    events = world(24)
    for owner in sorted({TOPICS[each.event.topic].owner for each in events}):
        bus = _bus(environment, owner)
        async with bus.transaction("system:tests") as tx:
            for each in events:
                if TOPICS[each.event.topic].owner == owner:
                    await tx.record(each.event, each.subject, correlation=each.story)
        async with bus.read() as session:
            rows = (await session.execute(text("SELECT * FROM journal ORDER BY recorded_at, sequence"))).all()
        await bus.close()
        await house.feed.apply(
            [
                house.feed.record(
                    read(row.type, row.payload),
                    row.aggregateid,
                    at=row.occurred_at,
                    correlation=row.correlationid,
                    id=row.id,
                    sequence=row.sequence,
                )
                for row in rows
            ]
        )


async def test_an_auditor_walks_from_a_number_to_its_anchor(installation: Installation, tmp_path: Path) -> None:
    """Number, definition, events, row and anchor are a link apart, and each printed command confirms its page."""
    async with served(installation.gateway) as origin, httpx2.AsyncClient(base_url=origin) as client:
        walk = Walk(client, tmp_path, origin)
        client.headers["Accept"] = "text/html"
        await walk.open("/reporting/")
        await walk.follow("Permanent page of statement 1")
        await walk.follow("Exchange participations completed")
        assert walk.value("Figure").startswith(str(VISITS))
        assert walk.value("Version of the definition").isdecimal()
        digest = walk.value("Events and their digest").split()[-1]

        await walk.follow("List the events")
        await walk.download("Download the ids of all events")
        of_ids, of_number = walk.commands()
        assert (await installation.run(of_ids, tmp_path)) == (0, f"{digest}  events.txt\n")
        status, printed = await installation.run(of_number, tmp_path)
        assert status == 0, printed
        assert re.search(rf"{INDICATOR}/{LABEL}, counted at \S+: computed {VISITS}\n", printed), printed
        ids = (tmp_path / "events.txt").read_text().split()
        assert len(ids) == VISITS

        await walk.follow(ids[0])
        row = walk.value("Hash of this event")
        (of_row,) = walk.commands()
        assert (await installation.run(of_row, tmp_path)) == (0, f"{row}\n")

        await walk.follow("Open the anchor of this chain")
        anchored = walk.value("Anchored hash")
        await walk.download("Download the chain")
        of_chain, of_anchor = walk.commands()
        assert (await installation.run(of_chain, tmp_path)) == (0, f"{anchored}\n")
        status, printed = await installation.run(of_anchor, tmp_path)
        assert (status, f"\t{anchored}\n" in printed, "All chains are intact." in printed) == (0, True, True), printed
        assert walk.passed[1:4] == [
            f"/reporting/{LABEL}/1/",
            f"/reporting/{LABEL}/1/indicators/{INDICATOR}",
            f"/reporting/{LABEL}/1/indicators/{INDICATOR}/events",
        ]
        await walk.open(walk.back())
        await walk.open(walk.back())
        await walk.open(walk.back())
        assert walk.passed[-3:] == [walk.passed[4], walk.passed[3], walk.passed[2]]
        await _forge(installation, ids[0])
        status, printed = await installation.run(of_anchor, tmp_path)
        assert (status, "places where the journals are broken" in printed) == (1, True), printed


async def test_an_event_that_is_not_anchored_yet_is_checked_by_an_export(
    installation: Installation, tmp_path: Path
) -> None:
    """The page of an event that came after the day's file prints commands that confirm its chain all the same."""
    late = world(25, running=0)[-1]
    bus = _bus(installation.environment, "matching")
    async with bus.transaction("system:tests") as tx:
        event = await tx.record(late.event, late.subject, correlation=late.story)
    await bus.close()
    async with served(installation.gateway) as origin, httpx2.AsyncClient(base_url=origin) as client:
        walk = Walk(client, tmp_path, origin)
        client.headers["Accept"] = "text/html"
        await walk.open(f"/matching/journal/{event}")
        await walk.follow("Open the anchor of this chain")
        assert "not anchored yet" in walk.page
        (of_chain,) = walk.commands()
        status, printed = await installation.run(of_chain, tmp_path)
        assert (status, "they continue those of the export" in printed) == (0, True), printed


@pytest.mark.parametrize(
    "listed",
    [
        f"/reporting/{LABEL}/2/indicators/{INDICATOR}/host_country/North%20%26%20East/events?page=2",
        f"/reporting/indicators/{INDICATOR}/events?period={LABEL}&page=2",
    ],
)
async def test_a_row_leads_back_to_lists_of_events_only(
    installation: Installation, tmp_path: Path, listed: str
) -> None:
    """The page of an event leads back to the list and page it was opened from, and to no other address."""
    bus = _bus(installation.environment, "matching")
    async with bus.read() as session:
        event = (await session.execute(text("SELECT id FROM journal LIMIT 1"))).scalar_one()
    await bus.close()
    others = ("", "https://example.org/", "//example.org/reporting/", "/reporting/2026/1/indicators/../events", "/desk")
    async with served(installation.gateway) as origin, httpx2.AsyncClient(base_url=origin) as client:
        walk = Walk(client, tmp_path, origin)
        client.headers["Accept"] = "text/html"
        await walk.open(f"/matching/journal/{event}?from={quote(listed)}")
        assert walk.back() == f"{origin}{listed}"
        await walk.follow("Open the anchor of this chain")
        await walk.open(walk.back())
        assert walk.back() == f"{origin}{listed}"
        for other in others:
            await walk.open(f"/matching/journal/{event}?from={quote(other)}")
            assert walk.back() == ""
            assert "from=" not in walk.page


async def test_a_donor_reads_how_a_number_is_computed_again(installation: Installation, tmp_path: Path) -> None:
    """The page of a figure prints the commands also for readers who may not list its events."""
    app = installation.gateway.apps["reporting"]
    async with app.state.service.bus.transaction("system:tests") as tx:
        await write_access(tx.session, {"auditor": ([Grant(Role.DONOR, clock.today())], clock.now())})
    async with served(installation.gateway) as origin, httpx2.AsyncClient(base_url=origin) as client:
        walk = Walk(client, tmp_path, origin)
        client.headers["Accept"] = "text/html"
        await walk.open("/reporting/")
        await walk.follow("Permanent page of statement 1")
        await walk.follow("Exchange participations completed")
        assert "List the events" not in walk.page
        (of_number,) = walk.commands()
        status, printed = await installation.run(of_number, tmp_path)
        assert (status, f"computed {VISITS}\n" in printed) == (0, True), printed


async def _forge(installation: Installation, event: str) -> None:
    """Change what the journal says of an event, as the owner of the database can."""
    import asyncpg  # noqa: PLC0415 - only here

    connection = await asyncpg.connect(installation.environment["TANDEM_DATABASE_OWNER_URL_MATCHING"])
    try:
        await connection.execute("UPDATE journal SET payload = payload || ' ' WHERE id = $1", event)
    finally:
        await connection.close()
