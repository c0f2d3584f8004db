"""Test what `tandem feeds verify` reports about manifests that somebody else has written."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from deploy.cli.feeds import look
from deploy.cli.main import app
from deploy.cli.system import Failed

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


KEY = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "one"}


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("manifest.json", "<!doctype html><title>Sign in</title>", "no manifest of Tandem: Invalid JSON"),
        ("manifest.json", "[]", "no manifest of Tandem"),
        ("manifest.json", "{}", "no manifest of Tandem at manifest: Field required"),
        ("manifest.json", json.dumps({**MANIFEST, "manifest": "x"}), "at manifest: Input should be a valid integer"),
        ("manifest.json", json.dumps({**MANIFEST, "manifest": 0}), "at manifest: Input should be greater"),
        ("manifest.json", json.dumps({**MANIFEST, "manifest": 10**8}), "at manifest: Input should be less"),
        ("manifest.json", "[" * 100_000, "no manifest of Tandem"),
        ("1.json", '{"manifest": 1}', "manifests/1.json is no manifest of Tandem at previous: Field required"),
        ("1.json", json.dumps({**MANIFEST, "publications": [{"files": {}}]}), r"at publications\.0\.period"),
        ("1.json", json.dumps({**MANIFEST, "publications": 7}), "at publications: Input should be a valid array"),
        ("keys", "[]", "keys is no list of keys of Tandem"),
        ("keys", '{"keys": [{"kty": "OKP"}]}', r"at keys\.0\.crv: Field required"),
        ("keys", json.dumps({"keys": [{**KEY, "x": 7}]}), r"at keys\.0\.x: Input should be a valid string"),
    ],
)
async def test_a_file_of_another_shape_is_named(name: str, content: str, named: str) -> None:
    """A manifest or list of keys that is none is named with its place and the remedy."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        last = request.url.path.rpartition("/")[2]
        if last == name:
            return httpx2.Response(200, text=content)
        if last == "keys":
            return httpx2.Response(200, json={"keys": [KEY]})
        return httpx2.Response(200, content=json.dumps(MANIFEST) if last.endswith(".json") else "signature")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        with pytest.raises(Failed, match=f"{named}.*Give the address of the folder with the manifest"):
            await look(http, HOME)


@pytest.mark.parametrize("address", ["tandem.example/reporting/feeds", "", "file:///etc", "https://", "http://[::1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """An address that no client can ask is refused in a sentence."""
    result = CliRunner().invoke(app, ["feeds", "verify", address])
    assert isinstance(result.exception, Failed), result.exception
    assert "https://" in str(result.exception) or "cannot be reached" in str(result.exception)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0.0), ("3", 3.0), ("9" * 400, 60.0), ("", 1.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0), ("-5", 1.0)],
)
async def test_any_retry_after_is_understood(header: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait that a server asks for is kept up to a minute; a date or nonsense counts as one second."""
    waits: list[float] = []

    async def slept(wait: float) -> None:
        waits.append(wait)

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(404 if waits else 429, headers={"Retry-After": header})

    monkeypatch.setattr("deploy.cli.feeds.asyncio.sleep", slept)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        with pytest.raises(Failed, match="answered with status 404"):
            await look(http, HOME)
    assert waits == [seconds]
