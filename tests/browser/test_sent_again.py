"""Test in a browser that a form for which the gateway has no answer can be sent again whole."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx2
import pytest
from playwright.sync_api import expect

from deploy.local.folder import RunFolder
from deploy.local.gateway import gateway
from deploy.local.ports import free_port
from deploy.local.settings import SERVICES, RunSettings
from deploy.local.supervisor import answers
from tests.integration.deploy.local.test_gateway import service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import uvicorn
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
TEXT = "All that I wrote"


class Portal:
    """A portal that can be stopped and started again at its port."""

    def __init__(self, port: int) -> None:
        """Answer at `port` once it was started."""
        self.port = port
        self._running: tuple[uvicorn.Server, threading.Thread] | None = None

    def start(self) -> None:
        """Begin to answer."""
        server = service("applications", self.port)
        thread = threading.Thread(target=server.run)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Answer nobody any more."""
        if self._running is not None:
            server, thread = self._running
            server.should_exit, self._running = True, None
            thread.join(10)


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Portal]]:
    """A gateway that waits for a process for a second only: its address, and the portal behind it."""
    monkeypatch.setenv("TANDEM_FORM_TRIES", "5")
    ports: dict[str, int] = {}
    for name in ("gateway", "identity", "mail", "inside", *SERVICES):
        ports[name] = free_port(set(ports.values()))
    behind = Portal(ports["applications"])
    behind.start()
    child = gateway(RunSettings(ports, {}), RunFolder(tmp_path))
    child.start()
    origin = f"http://localhost:{ports['gateway']}"
    try:
        child.wait_ready(answers(f"{origin}/form"), 20)
        yield origin, behind
    finally:
        child.stop(5)
        behind.stop()


def test_reloading_sends_a_form_again_that_nobody_took(page: Page, portal: tuple[str, Portal]) -> None:
    """The page says that nothing was saved and what to do; a reload then sends all that was written."""
    origin, behind = portal
    page.goto(f"{origin}/form")
    page.get_by_label("Text").fill(TEXT)
    behind.stop()
    # It waits for four seconds; after that the gateway has found that no process answers.
    assert httpx2.get(f"{origin}/form", timeout=30).status_code in {502, 503}
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading")).to_have_text("Your form was not saved")
    expect(page.get_by_role("main")).to_contain_text("reload this page")
    behind.start()
    page.reload()
    expect(page.locator("body")).to_have_text(f"applications has: {TEXT}")
