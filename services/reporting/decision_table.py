"""Declare which decisions of reporting concern a person, and apply the rule on own cases to them.

Reporting knows no people, so it asks the portal whether a case concerns the person who decides, and keeps nothing.
Certificates are granted and revoked by rules, from events; nobody decides on one here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.cases import views as cases
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

    Finder = Callable[[AsyncSession, Request], Awaitable[UUID | None]]


async def of_visit(session: AsyncSession, request: Request) -> UUID | None:
    """Return the application of the visit in the path."""
    id_ = read_id(request.path_params["visit_id"])
    case = None if id_ is None else await cases.case(session, id_)
    return None if case is None else case.application_id


async def of_application(_: AsyncSession, request: Request) -> UUID | None:
    """Return the application in the path."""
    return read_id(request.path_params["application_id"])


DECISIONS: dict[Finder, tuple[str, ...]] = {
    of_visit: ("/reporting/outcomes/{visit_id}/waiver",),
    of_application: ("/reporting/words/{application_id}/erasure",),
}
"""Decisions, by what finds the application that they concern."""

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
        application_id = await finder(session, request)
    case = {} if application_id is None else {"application_id": application_id}
    if not case or not await concerns(service.settings, "reporting", principal.subject, case):
        return ""
    return another_coordinator()
