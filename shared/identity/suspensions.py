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

# Who finishes a case; a coordinator of a suspended country decides nothing any more.
_MAY_FINISH = frozenset({Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT})
# How routes name a case in their path.
_CASES = ("application_id", "match_id", "visit_id", "mentorship_id")


class SuspensionRule(Protocol):
    """The rule whether all cases named by `ids` (parameter -> id) continue although one of `countries` is suspended."""

    async def __call__(self, session: AsyncSession, countries: Collection[str], ids: Mapping[str, UUID]) -> bool:
        """Apply the rule."""
        raise NotImplementedError


def set_suspension_rule(app: FastAPI, rule: SuspensionRule) -> None:
    """Have the guards of `app` apply `rule` before they refuse a person whose country is suspended."""
    app.state.suspension_rule = rule


async def admit_suspended(request: Request, principal: Principal, roles: tuple[Role, ...]) -> Principal:
    """Return the principal with their rights in the case of this request, which is to be finished.

    The route still checks whose case it is. Raises `NotAllowed`, which names a suspension as the reason.
    """
    kept = tuple(grant for grant in principal.suspended if grant.role in roles)
    if not kept:
        raise NotAllowed(roles=roles)
    finishing = tuple(grant for grant in kept if grant.role in _MAY_FINISH)
    rule: SuspensionRule | None = getattr(request.app.state, "suspension_rule", None)
    named = {name: _id(request.path_params.get(name)) for name in _CASES}
    ids = {name: value for name, value in named.items() if value is not None}
    if finishing and rule is not None and ids:
        countries = {grant.country for grant in finishing if grant.country is not None}
        async with service_of(request.app).bus.read() as session:
            if await rule(session, countries, ids):
                allowed = replace(principal, grants=(*principal.grants, *finishing))
                request.state.principal = allowed
                return allowed
    raise NotAllowed(
        gettext(
            "Your country's participation is suspended, so this page is closed for now. Your overview shows "
            "the cases that will be finished."
        )
    )


def _id(value: object) -> UUID | None:
    """Return a path parameter as an id: guards run before the route reads its parameters."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
