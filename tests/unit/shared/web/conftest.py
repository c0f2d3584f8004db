"""The demo app with every part of shared/web, asked in this process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEMO = Path(__file__).parents[3] / "browser" / "demo.py"


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
    app.state.site.environment.globals["csrf"] = lambda: Markup('<input type="hidden" name="csrf_token" value="t">')
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"accept": "text/html"}
    ) as asking:
        yield asking
