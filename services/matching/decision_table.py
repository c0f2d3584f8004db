"""Declare which decisions of matching concern people, and apply the rule on own cases to them.

Matching knows no people, so it asks the portal whether a case concerns the person who decides, and keeps nothing. Who
decides on one place of a call decides on what is left for the others: such decisions concern all its applications.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.matching.facts.store import facts
from services.matching.lifecycle.store import matches
from services.matching.options import store as options
from shared.identity.own_cases import another_coordinator, concerns, template_of
from shared.identity.refusals import SAFE_METHODS
from shared.identity.state import service_of
from shared.ids import read_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal

    Finder = Callable[[AsyncSession, Request], Awaitable[dict[str, UUID]]]

API = "/matching/api/v1"


async def of_call(_: AsyncSession, request: Request) -> dict[str, UUID]:
    """Return the call in the path, or in the body."""
    written = request.path_params.get("call_id") or (await _body(request)).get("call_id")
    id_ = read_id(str(written))
    return {} if id_ is None else {"call_id": id_}


async def of_draft(_: AsyncSession, request: Request) -> dict[str, UUID]:
    """Return the call whose choices the path names."""
    id_ = read_id(request.path_params["draft_id"])
    return {} if id_ is None else {"call_id": id_}


async def of_application(session: AsyncSession, request: Request) -> dict[str, UUID]:
    """Return the call of the application in the path, or in the body."""
    written = request.path_params.get("application_id") or (await _body(request)).get("application_id")
    id_ = read_id(str(written))
    candidate = None if id_ is None else (await facts.candidates(session, [id_])).get(id_)
    return {} if candidate is None else {"call_id": candidate.call_id}


async def of_match(session: AsyncSession, request: Request) -> dict[str, UUID]:
    """Return applicant and mentor of the match in the path: its dates concern nobody else."""
    id_ = read_id(request.path_params["match_id"])
    match = None if id_ is None else (await matches.by_id(session, [id_])).get(id_)
    if match is None:
        return {}
    mentor_id = match.pairing.mentor_id
    return {"application_id": match.pairing.application_id, **({} if mentor_id is None else {"mentor_id": mentor_id})}


async def of_options(session: AsyncSession, request: Request) -> dict[str, UUID]:
    """Return the call of the options in the path."""
    id_ = read_id(request.path_params["options_id"])
    row = None if id_ is None else await options.option_set(session, id_)
    return {} if row is None else {"call_id": row.call_id}


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON of a request; empty where it cannot be read, which the route refuses by itself."""
    try:
        found = await request.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


DECISIONS: dict[Finder, tuple[str, ...]] = {
    of_call: (
        "/matching/cohorts/{call_id}/commit",
        "/matching/plans/{call_id}/propose",
        "/matching/rings/{call_id}/propose",
        f"{API}/cohorts",
        f"{API}/calls/{{call_id}}/plan/propose",
        f"{API}/rings",
    ),
    of_draft: ("/matching/cohorts/drafts/{draft_id}",),
    of_application: (
        "/matching/applications/{application_id}/override",
        "/matching/applications/{application_id}/override/commit",
        f"{API}/overrides",
    ),
    of_options: ("/matching/options/{options_id}/options/{option}/commit",),
    of_match: ("/matching/visits/{match_id}/move", f"{API}/visits/{{match_id}}/move"),
}
"""Decisions, by what finds whom they concern."""

NO_DECISION: dict[str, tuple[str, ...]] = {
    "It computes or shows something, and changes nothing for anybody.": (
        "/matching/cohorts/{call_id}",
        "/matching/rings/{call_id}",
        "/matching/plans/{call_id}",
        "/matching/plans/{call_id}/stop",
        "/matching/options/{call_id}",
        "/matching/options/{options_id}/cancel",
        "/matching/sheets",
        "/matching/what-ifs/new",
        "/matching/what-ifs/{what_if_id}/cancel",
        f"{API}/calls/{{call_id}}/plan",
        f"{API}/calls/{{call_id}}/plan/stop",
        f"{API}/rings/price",
        f"{API}/options",
        f"{API}/options/{{options_id}}/cancel",
        f"{API}/what-ifs",
        f"{API}/what-ifs/{{what_if_id}}/cancel",
    ),
    "It stops what somebody else decided before it is written; the cohort is then committed anew.": (
        "/matching/cohorts/jobs/{job_id}/cancel",
        f"{API}/jobs/{{job_id}}/cancel",
    ),
    "It is technical.": ("/matching/dead-letters",),
}
"""Routes that write and decide on no person, by the reason."""

_FINDERS = {path: finder for finder, paths in DECISIONS.items() for path in paths}


async def own_case_rule(request: Request, principal: Principal) -> str:
    """Return why the principal may not take the decision of a route; empty where nothing forbids it.

    Raises `Refused` (503) while the portal does not answer.
    """
    finder = _FINDERS.get(template_of(request.scope.get("route")))
    service = service_of(request.app)
    if finder is None or request.method in SAFE_METHODS:
        return ""
    async with service.bus.read() as session:
        case = await finder(session, request)
    if not case or not await concerns(service.settings, "matching", principal.subject, case):
        return ""
    return another_coordinator()
