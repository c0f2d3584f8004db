"""Test what `tandem feeds verify` reports about manifests that somebody else has written."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from deploy.cli.feeds import look

HOME = "https://tandem.example/reporting/feeds"
FILE = {"address": "https://elsewhere.example/all.csv", "size": 1, "sha256": "0" * 64}
MANIFEST: dict[str, Any] = {
    "manifest": 1,
    "previous": None,
    "publications": [{"period": "2026-H1", "statement": 1, "files": [FILE]}],
}


async def test_a_token_is_shown_to_nobody_else_and_only_signed_texts_count() -> None:
    """A file on another server is not asked for, and the newest manifest has to be the last of the signed ones."""
    requests = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request.url.host)
        match request.url.path.rpartition("/")[2]:
            case "keys":
                return httpx2.Response(200, json={"keys": []})
            case "manifest.json":
                return httpx2.Response(200, json={**MANIFEST, "publications": []})
            case "1.json":
                return httpx2.Response(200, content=json.dumps(MANIFEST))
        return httpx2.Response(200, text="signature")

    headers = {"Authorization": "Bearer secret"}
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), headers=headers) as http:
        found = await look(http, HOME)
    assert set(requests) == {"tandem.example"}
    assert found.wrong == [
        "manifest 1 is signed with none of the keys",
        "manifest.json differs from manifest 1",
        "https://elsewhere.example/all.csv is on another server",
    ]
