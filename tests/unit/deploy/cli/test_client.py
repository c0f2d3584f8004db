"""Test that a tool waiting for a service tells "not there yet" from "no"."""

from __future__ import annotations

import pytest

from deploy.cli.client import People, Refused
from deploy.cli.system import Failed, System

HERE = System(
    {
        "TANDEM_ORIGIN": "http://127.0.0.1:1",
        "TANDEM_OIDC_ISSUER": "http://127.0.0.1:1",
        "TANDEM_OIDC_CLIENT_ID": "tandem",
        "TANDEM_OIDC_CLIENT_SECRET": "secret",
    }
)


async def test_what_a_service_has_not_heard_of_yet_is_waited_for() -> None:
    """Not found (404) is the answer of a service that reads the event a moment later: the look is repeated."""
    answers = iter([404, 404, 200])

    async def look() -> bool:
        if (status := next(answers)) != 200:
            raise Refused(status, "No application with that reference has arrived here.")
        return True

    async with People(HERE) as people:
        assert await people.until("the application", look)


async def test_what_never_arrives_is_told_with_the_last_answer() -> None:
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
