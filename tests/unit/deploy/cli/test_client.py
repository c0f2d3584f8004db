"""Test that a tool waiting for a service tells "not there yet" from "no"."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from deploy.cli.client import People, Refused
from deploy.cli.system import Failed, System
from shared.errors import ProblemCode
from shared.identity.idempotency import HEADER
from tests.serving import served

if TYPE_CHECKING:
    from pathlib import Path

HERE = System(
    {
        "TANDEM_ORIGIN": "http://127.0.0.1:1",
        "TANDEM_OIDC_ISSUER": "http://127.0.0.1:1",
        "TANDEM_OIDC_CLIENT_ID": "tandem",
        "TANDEM_OIDC_CLIENT_SECRET": "secret",
    }
)


async def test_an_event_that_a_service_has_not_read_yet_is_waited_for() -> None:
    """Not found (404) is the answer of a service that reads the event a moment later: the look is repeated."""
    answers = iter([404, 404, 200])

    async def look() -> bool:
        if (status := next(answers)) != 200:
            raise Refused(status, "No application with that reference has arrived here.")
        return True

    async with People(HERE) as people:
        assert await people.until("the application", look)


async def test_a_missing_event_is_reported_with_the_last_answer() -> None:
    """After the time allowed: what was waited for, and what the service said of it."""

    async def look() -> bool:
        raise Refused(404, "GET /reporting/api/v1/journey/1: nothing has arrived here. [404]")

    async with People(HERE) as people:
        with pytest.raises(Failed, match=r"within 0 s: the application \(GET .* nothing has arrived here"):
            await people.until("the application", look, timeout=0.0)


async def test_another_no_is_not_asked_again() -> None:
    """A refusal (403) is reported at once."""
    looks = 0

    async def look() -> bool:
        nonlocal looks
        looks += 1
        raise Refused(403, "This is not for you.")

    async with People(HERE) as people:
        with pytest.raises(Refused, match="not for you"):
            await people.until("the application", look)
    assert looks == 1


@pytest.mark.parametrize(
    ("last", "result"),
    [((201, {"id": 1}), {"id": 1}), ((409, {"code": ProblemCode.ANSWER_UNAVAILABLE}), None)],
)
async def test_a_request_is_repeated_with_its_key(
    tmp_path: Path, last: tuple[int, dict[str, object]], result: object
) -> None:
    """All tries of a request have one key, the next request has another; what was carried out is no failure."""
    answers = [(502, {}), (409, {"code": ProblemCode.IN_PROGRESS}), last, last]
    keys: list[str] = []
    app = FastAPI()

    @app.post("/things")
    async def things(request: Request) -> JSONResponse:
        keys.append(request.headers[HEADER])
        status, body = answers[len(keys) - 1]
        return JSONResponse(body, status)

    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"ani": "token"}), "utf-8")
    async with served(app) as origin:
        system = System({**HERE.env, "TANDEM_ORIGIN": origin, "TANDEM_TOKENS_FILE": str(tokens)})
        async with People(system) as people:
            assert await people.post("ani", "/things", {}) == result
            assert await people.post("ani", "/things", {}) == result
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


async def test_a_refusal_after_a_lost_answer_is_a_refusal(tmp_path: Path) -> None:
    """A refusal of the rules is raised, whatever happened before it."""
    answers = iter([(502, {}), (409, {"code": ProblemCode.WRONG_STATE, "detail": "It is closed."})])
    app = FastAPI()

    @app.post("/things")
    async def things() -> JSONResponse:
        status, body = next(answers)
        return JSONResponse(body, status)

    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"ani": "token"}), "utf-8")
    async with served(app) as origin:
        system = System({**HERE.env, "TANDEM_ORIGIN": origin, "TANDEM_TOKENS_FILE": str(tokens)})
        async with People(system) as people:
            with pytest.raises(Refused, match="It is closed"):
                await people.post("ani", "/things", {})


async def test_a_record_is_changed_in_the_version_that_was_seen_last(tmp_path: Path) -> None:
    """Lists and answers name versions, so a change asks once; one that somebody else has changed is asked again."""
    record, present, sent = "01977a1e-0000-7000-8000-000000000001", ["1"], []
    app = FastAPI()

    @app.get("/things")
    async def things() -> JSONResponse:
        return JSONResponse({"items": [{"id": record, "version": present[0]}], "next": None})

    @app.post("/things/{_}/change")
    async def change(_: str, request: Request) -> JSONResponse:
        sent.append(request.headers.get("If-Match"))
        tag = {"ETag": f'"{present[0]}"'}
        if sent[-1] != f'"{present[0]}"':
            return JSONResponse({"code": ProblemCode.OUTDATED}, 412, tag)
        present[0] += "1"
        return JSONResponse({}, 200, {"ETag": f'"{present[0]}"'})

    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"ani": "token"}), "utf-8")
    async with served(app) as origin:
        system = System({**HERE.env, "TANDEM_ORIGIN": origin, "TANDEM_TOKENS_FILE": str(tokens)})
        async with People(system) as people:
            await people.items("ani", "/things")
            await people.post("ani", f"/things/{record}/change")
            await people.post("ani", f"/things/{record}/change")
            present[0] = "7"
            await people.post("ani", f"/things/{record}/change")
    assert sent == ['"1"', '"11"', '"111"', '"7"']
