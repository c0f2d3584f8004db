"""Test the help pages of each group of people, and the contact page."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import FastAPI

from services.applications.settings import Settings
from shared.identity import public
from shared.web import setup, site
from shared.web.help_guides import GUIDES, Guide
from shared.web.site import FOLDER

if TYPE_CHECKING:
    from shared.programme_contacts import ProgrammeContacts

LARGEST = 60_000
CONTACTS: dict[str, Any] = {
    "programme_contact": "Office, office@tandem.example",
    "data_controller": "The agency",
    "data_protection_officer": "The officer",
    "supervisory_authority": "The authority",
}


async def page(path: str, contacts: ProgrammeContacts | None = None) -> str:
    """Return the text of a page of the footer, as a stranger sees it."""
    app = FastAPI()
    setup.install(app, place="portal", templates=FOLDER / "templates" / "plain", local=True)
    app.dependency_overrides[public()] = lambda: None
    if contacts is not None:
        app.state.contacts = contacts
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    return unescape(re.sub(r"\s+", " ", answer.text))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.code)
async def test_a_guide_has_its_steps_and_a_small_picture(guide: Guide) -> None:
    """Each step says what to do, when, and what happens then; a picture, also as on a phone, has at most 60 kB."""
    shown = await page(f"/applications/help/{guide.code}")
    for step in guide.steps:
        assert all(text in shown for text in (step.what, step.when, step.then))
    if not guide.picture:
        assert 'class="tandem-picture"' not in shown
        return
    assert f'alt="{guide.picture}"' in shown
    for name in (f"{guide.code}.jpg", f"{guide.code}-phone.jpg"):
        assert name in shown
        assert 0 < (site.STATIC / "help" / name).stat().st_size <= LARGEST


@pytest.mark.parametrize("name", ["privacy", "accessibility", "help", "contact"])
async def test_pages_of_the_footer_open(name: str) -> None:
    """Each of the pages that every page leads to has an answer, also for a stranger."""
    assert "<h1" in await page(f"/applications/{name}")


async def test_the_help_page_leads_to_each_guide() -> None:
    """Everybody finds the help for their group, and the contact page."""
    shown = await page("/applications/help")
    assert all(f'href="/applications/help/{guide.code}"' in shown for guide in GUIDES)
    assert 'href="/applications/contact"' in shown


async def test_the_contact_page_shows_what_the_installation_has_set() -> None:
    """Office, controller, officer and authority are those of the settings; without them the page says so."""
    settings = Settings.model_construct(**CONTACTS)
    shown = await page("/applications/contact", settings.contacts)
    written = re.sub(r"<[^>]+>", "", shown)
    assert all(text in written for text in CONTACTS.values())
    assert "has not named its controller yet" in await page("/applications/contact")


async def test_addresses_of_the_contact_page_can_be_tapped() -> None:
    """Email, telephone and web addresses are links; what else somebody has written stays a text."""
    office = "Office <b>, office@tandem.example, +33 (0)1 23-45, https://tandem.example/help."
    settings = Settings.model_construct(**CONTACTS | {"programme_contact": office})
    shown = await page("/applications/contact", settings.contacts)
    assert 'href="mailto:office@tandem.example"' in shown
    assert 'href="tel:+3312345"' in shown
    assert 'href="https://tandem.example/help"' in shown
    assert site.tappable("Office <b>") == "Office &lt;b&gt;"
    there = "https://tandem.example/?a=1&amp;b=2"
    assert site.tappable("https://tandem.example/?a=1&b=2.") == f'<a class="govuk-link" href="{there}">{there}</a>.'
    assert not site.tappable("")


def test_settings_name_the_addresses_that_are_missing() -> None:
    """The portal lists the variables of the addresses that are empty or blank."""
    assert Settings.model_construct(**CONTACTS).to_set() == []
    assert Settings.model_construct(**CONTACTS | {"data_controller": " "}).to_set() == ["TANDEM_DATA_CONTROLLER"]
