"""Ask all services again and again whether they are ready, and read their pages of problems."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx2
from lxml import html

from deploy.cli.system import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

    from deploy.cli.system import System

_EVERY = 1.0
_PATIENCE = 8.0
_WANTED = {"ready": True, "relay": "sends", "reader": "reads", "dead_letters": 0, "missing": {}, "unknown": {}}


@dataclass
class Watch:
    """The words of the services about themselves: whether each is ready, and what its page of problems lists."""

    system: System
    cookie: Mapping[str, str]
    """Of the programme coordinator."""
    states: dict[str, Any] = field(default_factory=dict)
    sentences: dict[str, float] = field(default_factory=dict)
    """Each sentence of a page of problems, and when it stood there last."""

    async def run(self) -> None:
        """Look until cancelled."""
        cookies, headers = dict(self.cookie), {"Accept": "text/html"}
        async with httpx2.AsyncClient(cookies=cookies, headers=headers, timeout=_PATIENCE) as client:
            await asyncio.gather(*(self._look(client, service) for service in SERVICES))

    async def _look(self, client: httpx2.AsyncClient, service: str) -> None:
        while True:
            address = self.system[f"TANDEM_{service.upper()}_URL"].rstrip("/")
            try:
                self.states[service] = (await client.get(f"{address}/{service}/readyz")).json()
            except (httpx2.HTTPError, ValueError):
                self.states[service] = {"ready": "no answer"}
            try:
                page = await client.get(f"{self.system.origin}/{service}/dead-letters")
            except httpx2.HTTPError:
                page = None
            if page is not None and page.status_code == 200:
                self.sentences |= dict.fromkeys(_problems(service, page.text), monotonic())
            await asyncio.sleep(_EVERY)

    @property
    def wrong(self) -> dict[str, Any]:
        """Return by service the states that keep it from being well."""
        found = {
            service: {name: state.get(name) for name, value in _WANTED.items() if state.get(name) != value}
            for service, state in self.states.items()
        }
        return {service: why for service, why in found.items() if why}

    async def well(self, within: float) -> float | None:
        """Return after how many seconds all services were well; None if that took longer than `within`."""
        begun = monotonic()
        self.states.clear()
        while len(self.states) < len(SERVICES) or self.wrong:
            if monotonic() - begun > within:
                return None
            await asyncio.sleep(0.1)
        return monotonic() - begun


def _problems(service: str, page: str) -> list[str]:
    """Return what a page of problems lists, without the moment since when."""
    document = html.document_fromstring(page)
    rows = [[_text(cell) for cell in row.iter("td")][:3] for row in document.iter("tr")]
    letters = [
        [_text(part) for part in section.iter("h3", "p")]
        for section in document.iter("section")
        if str(section.get("aria-labelledby", "")).startswith("dead-letter")
    ]
    return [f"{service}: {' | '.join(row)}" for row in [*rows, *letters] if row]


def _text(element: _Element) -> str:
    return " ".join(str(element.xpath("string()")).split())
