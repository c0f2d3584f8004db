"""Decide when a person's access is to be confirmed, and who may confirm it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.register.model import grants as register_grants
from services.applications.register.views.scope import decides, scope_of
from shared.contracts.access import AccessGrant
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.applications.register.store import entries
    from services.applications.settings import Settings
    from shared.identity import Principal


def confirmation_times(settings: Settings) -> register_grants.ConfirmationTimes:
    """Return the times of the yearly confirmation from the settings."""
    confirm_days, lapse_days = settings.access_year_days, settings.access_year_days + settings.access_grace_days
    return register_grants.ConfirmationTimes(
        ask=confirm_days - settings.access_ask_days, year=confirm_days, lapse=lapse_days
    )


def grants_to_confirm(person: entries.Person, grants: Sequence[AccessGrant]) -> tuple[AccessGrant, ...]:
    """Return what a confirmation covers: the current and future grants, or those that have lapsed."""
    if person.lapsed_on is not None:
        return tuple(AccessGrant.model_validate(lapsed) for lapsed in person.lapsed_grants)
    return tuple(register_grants.current_or_future(grants, clock.today()))


def may_confirm(principal: Principal, person: entries.Person, grants: Sequence[AccessGrant]) -> bool:
    """Return whether the principal may confirm that access; nobody confirms his or her own.

    The programme coordinator confirms everybody's. A national coordinator, or the clearance officer of an EU
    agency, confirms access that holds only in that country or agency.
    """
    if person.subject == principal.subject or not grants:
        return False
    if decides(principal):
        return True
    scope = scope_of(principal)
    return all(
        grant.role not in register_grants.PROGRAMME_WIDE and scope.covers(grant.country, grant.organisation_id)
        for grant in grants
    )
