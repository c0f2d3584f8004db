"""Test that a language is offered as soon as it has a catalogue, and that the reader's wish decides."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from shared import i18n
from shared.contracts import labels
from shared.time import dates
from shared.web import setup

if TYPE_CHECKING:
    from pathlib import Path


def test_without_catalogues_there_is_english_only() -> None:
    """A language that nobody translated is not offered."""
    assert [code for code in i18n.offered() if not i18n.PAGES.of(code).is_file()] == ["en"]


@pytest.mark.usefixtures("ukrainian")
def test_a_catalogue_is_enough() -> None:
    """Texts, plurals and dates follow; what is not translated stays English."""
    assert i18n.offered() == ("en", "uk")
    i18n.speak("uk")
    assert i18n.gettext("Sign out") == "Вийти"
    assert i18n.gettext("Sign in") == "Sign in"
    assert i18n.ngettext("in %(count)d day", "in %(count)d days", 3) % {"count": 3} == "за 3 дні"
    assert dates.day(date(2026, 11, 24)) == "24 листопада 2026"
    assert i18n.own_name("uk") == "Українська"


def test_the_language_of_a_script() -> None:
    """Armenian, Georgian and Greek letters do; Cyrillic, Latin and mixed ones, or no letters, do not."""
    names = ("Անի Պետրոսյան", "ნინო ბერიძე", "Ελένη", "Олена", "Élise", "Անի Ani", "1-2", "")
    assert [i18n.language_of_script(name) for name in names] == ["hy", "ka", "el", *[None] * 5]


@pytest.mark.usefixtures("ukrainian")
async def test_address_before_cookie_before_browser(client: httpx.AsyncClient) -> None:
    """A choice in the address is remembered in a cookie and wins over what the browser asks for."""
    browser = {"accept-language": "de, uk;q=0.8, en;q=0.5"}
    assert "Вийти" in (await client.get("/", headers=browser)).text
    chosen = await client.get("/?lang=en", headers=browser)
    assert "Sign out" in chosen.text
    assert "language=en" in chosen.headers["set-cookie"]
    assert "Sign out" in (await client.get("/", headers=browser)).text
    assert "Вийти" in (await client.get("/?lang=uk&sort=x")).text


@pytest.mark.usefixtures("ukrainian")
async def test_a_language_that_is_not_there_is_english(client: httpx.AsyncClient) -> None:
    """Nonsense in address, cookie or header changes nothing and breaks nothing."""
    client.cookies.set("language", "tlh")
    answer = await client.get("/?lang=%C3%BF&lang=xx", headers={"accept-language": "*;q=x, ,;q="})
    assert answer.status_code == 200
    assert "Sign out" in answer.text
    assert "set-cookie" not in answer.headers


def test_one_chooses_among_the_languages_that_are_written() -> None:
    """Mails speak seven languages; another one is offered only to whom it was written down for before."""
    seven = [code for code, _ in labels.written()]
    assert seven == list(i18n.LANGUAGES)
    assert [code for code, _ in labels.written("fr")] == [*seven, "fr"]
    assert [code for code, _ in labels.written("uk")] == [code for code, _ in labels.written("xx")] == seven


@pytest.mark.parametrize(
    ("origin", "cookie"),
    [
        ("http://localhost:8000", "language=en; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"),
        ("https://tandem.example", "__Host-language=en; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"),
    ],
)
async def test_the_language_is_kept_in_a_cookie_of_this_host(tmp_path: Path, origin: str, cookie: str) -> None:
    """Under https no other host of the domain can set the language; the cookie that was set is the one that is read."""
    app = FastAPI()
    setup.install(app, place="portal", templates=tmp_path, local=True, origin=origin)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/nothing?lang=en", headers={"accept": "application/json"})
    assert answer.headers["set-cookie"] == cookie
    assert app.state.site.language_cookie == cookie.partition("=")[0]
