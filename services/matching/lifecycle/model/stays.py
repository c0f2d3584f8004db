"""The days of a visit that count in the reciprocity ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.matching.lifecycle.model.visit import TO_COME
from shared.contracts.codes import Party
from shared.contracts.lifecycle.state_sets import VISIT_OVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.matching.lifecycle.model.visit import Visit
    from shared.contracts.matches import Pairing

_TOOK_PLACE = VISIT_OVER


@dataclass(frozen=True, slots=True)
class Days:
    """The days that count: attended ones if the visit took place (`done`), else planned ones."""

    days: int
    done: bool


def counted(visit: Visit, attendance: Mapping[date, bool]) -> Days | None:
    """Return what a visit adds to the ledger; None for one that does not take place, or was entered in error."""
    if visit.plan is None:
        return None
    if visit.state in _TOOK_PLACE:
        return Days(sum(bool(attendance.get(day)) for day in visit.plan.days), done=True)
    return Days(len(visit.plan.days), done=False) if visit.state in TO_COME else None


def home_agency(visit: Visit, pairing: Pairing) -> UUID:
    """Return the agency that sends the guest: the mentor's if the mentor travels, else the applicant's."""
    return pairing.host_organisation_id if visit.of.guest is Party.MENTOR else pairing.organisation_id
