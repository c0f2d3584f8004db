"""The demo app with every part of shared/web, asked in this process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from markupsafe import Markup

from shared import i18n

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

DEMO = Path(__file__).parents[3] / "browser" / "demo.py"
CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "Sign out"
msgstr "Вийти"

msgid "Page not found"
msgstr "Сторінку не знайдено"

msgid "in %(count)d day"
msgid_plural "in %(count)d days"
msgstr[0] "за %(count)d день"
msgstr[1] "за %(count)d дні"
msgstr[2] "за %(count)d днів"
"""


@pytest.fixture(scope="session")
def demo() -> Any:
    """The module tests/browser/demo.py."""
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def client(demo: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without JavaScript on the demo app; forms have a CSRF field, which nobody checks there."""
    app = demo.app()
    field = Markup('<input type="hidden" name="csrf_token" value="t">')
    monkeypatch.setitem(app.state.site.environment.globals, "csrf", lambda: field)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"accept": "text/html"}
    ) as asking:
        yield asking


@pytest.fixture
def ukrainian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue with a few texts, as a translator would add it."""
    file = tmp_path / "uk" / "LC_MESSAGES" / "tandem.po"
    file.parent.mkdir(parents=True)
    file.write_text(CATALOGUE, encoding="utf-8")
    monkeypatch.setattr(i18n, "PAGES", i18n.Catalogues(tmp_path))
    i18n.offered.cache_clear()
    i18n._translations.cache_clear()
    yield
    i18n.speak("en")
    i18n.offered.cache_clear()
    i18n._translations.cache_clear()
