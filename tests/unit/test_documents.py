"""Does every link in the documents lead somewhere, and do the services' pages name what they tell?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deploy.local.folder import ROOT
from shared.contracts import EVENTS, TOPICS

if TYPE_CHECKING:
    from pathlib import Path

NOT_OURS = {".venv", "node_modules", "build", ".git", ".data"}
DOCUMENTS = sorted(
    file.relative_to(ROOT)
    for file in ROOT.rglob("*.md")
    if not (NOT_OURS | {"vendor"}).intersection(file.relative_to(ROOT).parts)
)


def _anchors(text: str) -> set[str]:
    """What a heading is called in an address: its words in small letters, with hyphens."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _broken(file: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    leads_to = (file.parent / path) if path else file
    if not leads_to.exists():
        return True
    return bool(anchor) and anchor not in _anchors(leads_to.read_text("utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    """What a newcomer clicks on is there; addresses elsewhere are not asked."""
    file = ROOT / document
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text("utf-8")) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if _broken(file, link)] == []


@pytest.mark.parametrize("service", ["matching", "notifications", "reporting"])
def test_a_service_names_all_events_that_it_tells(service: str) -> None:
    """Its page is complete; the portal, which tells most of them, names its topics only."""
    text = (ROOT / "services" / service / "README.md").read_text("utf-8")
    told = [name for name, event in EVENTS.items() if TOPICS[event.topic].owner == service]
    assert [name for name in told if not re.search(rf"\b{name}\b", text)] == []
