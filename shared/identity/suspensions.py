"""Limit people of a suspended country to cases that are to be finished.

Only the portal knows which cases those are, and registers a rule with `set_suspension_rule`. In every other service a
suspended person may do nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity.refusals import NotAllowed
from shared.identity.state import service_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fastapi import FastAPI, Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.principal import Principal

# Who brings a case to its end; a coordinator of a suspended country decides nothing any more.
_MAY_FINISH = frozenset({Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT})
# How routes name a case in their path.
_CASES = ("application_id", "match_id", "visit_id", "mentorship_id")


class SuspensionRule(Protocol):
    """Whether all cases named by `ids` (parameter -> id) go on although one of `countries` is suspended."""

    async def __call__(self, session: AsyncSession, countries: Collection[str], ids: Mapping[str, UUID]) -> bool:
        """Ask it."""
        raise NotImplementedError


def set_suspension_rule(app: FastAPI, ask: SuspensionRule) -> None:
    """Have the guards of `app` ask `ask` before they refuse somebody whose country is suspended."""
    app.state.goes_on = ask


async def admit_suspended(request: Request, principal: Principal, roles: tuple[Role, ...]) -> Principal:
    """The principal with what he or she may do about the case of this request, which is one to be finished.

    Whose case it is the route asks as always. Raises `NotAllowed`, which says where a suspension is why.
    """
    kept = tuple(grant for grant in principal.suspended if grant.role in roles)
    if not kept:
        raise NotAllowed(roles=roles)
    finishing = tuple(grant for grant in kept if grant.role in _MAY_FINISH)
    ask: SuspensionRule | None = getattr(request.app.state, "goes_on", None)
    named = {name: _id(request.path_params.get(name)) for name in _CASES}
    ids = {name: value for name, value in named.items() if value is not None}
    if finishing and ask is not None and ids:
        countries = {grant.country for grant in finishing if grant.country is not None}
        async with service_of(request.app).bus.read() as session:
            if await ask(session, countries, ids):
                allowed = replace(principal, grants=(*principal.grants, *finishing))
                request.state.principal = allowed
                return allowed
    raise NotAllowed(
        gettext(
            "Your country's part in the programme is suspended, so this page is closed for now. What was decided to "
            "be finished is on your overview."
        )
    )


def _id(value: object) -> UUID | None:
    """A path parameter as an id: guards run before the route reads its parameters."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
