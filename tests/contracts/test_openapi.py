"""The OpenAPI documents match the routes of the four services."""

from __future__ import annotations

import json

import pytest

from deploy.cli.contracts import documents
from deploy.cli.system import SERVICES
from deploy.local.folder import ROOT


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The documents as they would be written now."""
    return documents()


def test_the_committed_documents_are_up_to_date(texts: dict[str, str]) -> None:
    """The committed documents equal what is served; after a change of a route run `tandem contracts`."""
    differing = [
        path for path, text in texts.items() if not (ROOT / path).is_file() or (ROOT / path).read_text("utf-8") != text
    ]
    assert differing == [], "run: tandem contracts"


def test_each_service_describes_its_own_api_only(texts: dict[str, str]) -> None:
    """OpenAPI 3.1, every path below the service's API, nothing internal, and no route that moves a clock."""
    assert len(texts) == len(SERVICES)
    for service in SERVICES:
        document = json.loads(texts[f"docs/contracts/openapi-{service}.json"])
        assert document["openapi"].startswith("3.1")
        assert document["paths"]
        for path in document["paths"]:
            assert path.startswith(f"/{service}/")
            assert "/internal/" not in path
            assert not path.startswith("/applications/api/v1/clock")
