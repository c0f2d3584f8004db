"""When a person's access is to be confirmed, and who may confirm it."""

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


def access_year(settings: Settings) -> register_grants.Yearly:
    """The times as they are configured."""
    year, lapse = settings.access_year_days, settings.access_year_days + settings.access_grace_days
    return register_grants.Yearly(ask=year - settings.access_ask_days, year=year, lapse=lapse)


def grants_to_confirm(person: entries.Person, grants: Sequence[AccessGrant]) -> tuple[AccessGrant, ...]:
    """What is confirmed: what somebody may now or later, or what has lapsed."""
    if person.lapsed_on is not None:
        return tuple(AccessGrant.model_validate(one) for one in person.lapsed_grants)
    return tuple(register_grants.to_come(grants, clock.today()))


def may_confirm(principal: Principal, person: entries.Person, grants: Sequence[AccessGrant]) -> bool:
    """Whether somebody confirms that access: never the own one.

    The programme coordinator confirms all; a national coordinator, and the clearance officer of an EU agency, those
    that hold in the own country or agency and nowhere else.
    """
    if person.subject == principal.subject or not grants:
        return False
    if decides(principal):
        return True
    seen = scope_of(principal)
    return all(
        grant.role not in register_grants.PROGRAMME_WIDE and seen.covers(grant.country, grant.organisation_id)
        for grant in grants
    )
