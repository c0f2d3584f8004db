"""Suspend a partner in a test, and read the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.identity import csrf
from shared.identity.state import identity_of
from shared.time import clock
from tests.sessions import session_key

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

HOME = ("waiting", "proposed", "scheduled", "under_way", "mentorship")
FINISH = [{"side": "home", "stage": stage, "choice": "finish"} for stage in HOME] + [
    {"side": "host", "stage": stage, "choice": "finish"} for stage in HOME[1:]
]


def choosing(side: str, stage: str, choice: str, **more: Any) -> list[dict[str, Any]]:
    """Return choices that finish all groups but one."""
    others = [entry for entry in FINISH if (entry["side"], entry["stage"]) != (side, stage)]
    return [*others, {"side": side, "stage": stage, "choice": choice, **more}]


async def suspend(of: Abroad, country: str, choices: list[dict[str, Any]], since: Any = None) -> dict[str, Any]:
    """Suspend as previewed."""
    body: dict[str, Any] = {"since": str(since or clock.today()), "choices": choices}
    preview = await of.post("programme", f"/partners/{country}/suspension/preview", body)
    made: dict[str, Any] = await of.post(
        "programme", f"/partners/{country}/suspension", {**body, "digest": preview["digest"]}, 201
    )
    return made


def sign_in_again(programme: Programme, subject: str) -> httpx2.AsyncClient:
    """Sign a person in again, a moment later."""
    client = programme.as_(subject)
    identity = identity_of(programme.app)
    key = session_key(programme.app, subject, ago=-2)
    client.cookies.set(identity.cookies.session, key, domain="localhost.local")
    client.headers["X-CSRF-Token"] = csrf.new_token(identity.csrf, csrf.person(subject))
    return client


async def cases(of: Abroad, country: str, decision: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cases of a decision."""
    found = await of.get("programme", f"/partners/{country}/decisions/{decision['id']}")
    return [case for case in found["cases"] if case["kind"] in {"application", "match"}]


async def payloads(of: Abroad, topic: str, kind: str) -> list[dict[str, Any]]:
    """Return the payloads of one type of event."""
    return [payload for type_, _, payload in await of.of.journal(topic) if type_ == kind]
