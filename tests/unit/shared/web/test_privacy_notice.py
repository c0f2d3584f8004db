"""Test that the privacy notice has a version of its own for each text, and shows it."""

from __future__ import annotations

import hashlib
import re

import httpx2
from fastapi import FastAPI

from shared import privacy_notice
from shared.contracts import TOPICS
from shared.identity import public
from shared.web import setup
from shared.web.site import FOLDER

TEMPLATE = FOLDER / "templates" / "plain" / "privacy.html"
DIGESTS = {
    "2026-2": "f90569fca7f2354243b163c38683e908bc25466dd4c0caa4dedbf7e13987ac09",
    "2026-3": "b09451ef8c160c1231d4e25fc290496aa67da5a8ffe42947d3c557e5bfd20a83",
    "2026-4": "59f4d0539198c301f259492a1a16d5f77827547e42caabd716771f91e9b763ad",
    "2026-5": "3b378e099ee1337981d5d8f2b9cc7cc639f50e786e1be0680d09120b4facec96",
    "2026-6": "1898dacafedd324dfe8c48da5c887df05ceddc16503862e485166b2fa1804ea0",
}
"""The text of each version; one that somebody has acknowledged is never changed."""


def text() -> str:
    """Return the notice as its template has it."""
    return TEMPLATE.read_text("utf-8")


def test_another_text_needs_another_version() -> None:
    """The present version is that of the present text: who acknowledged it has read these sentences."""
    sentences = "\n".join(re.findall(r'_\("(.+?)"[,)]', text()))
    assert hashlib.sha256(sentences.encode()).hexdigest() == DIGESTS[privacy_notice.VERSION]


async def test_the_notice_shows_its_version() -> None:
    """Readers can tell which version they have read."""
    app = FastAPI()
    setup.install(app, place="portal", templates=TEMPLATE.parent, local=True)
    app.dependency_overrides[public()] = lambda: None  # a stranger
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        page = (await client.get("/applications/privacy")).text
    assert f"Version of this notice: {privacy_notice.VERSION}" in page


def test_the_longest_time_in_the_notice_is_that_of_the_log() -> None:
    """Topics about single cases are deleted after the days that the notice names, or earlier."""
    (days,) = re.findall(r"deleted after (\d+) days at most", text())
    kept = {name: topic.retention_ms for name, topic in TOPICS.items() if not topic.compacted}
    assert max(kept.values()) == int(days) * 86_400_000
