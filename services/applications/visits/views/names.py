"""Give the address of a visit and name its parties, for the pages of every room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.model.pair import other
from services.applications.visits.model import BOTH
from shared.contracts import labels
from shared.contracts.codes import Party
from shared.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.overview.views.participation import VisitView
    from services.applications.visits.store import Visit


def visit_path(visit_id: UUID, rest: str = "") -> str:
    """Return the address of a visit, or of a page of it."""
    return f"/applications/visits/{visit_id}" + (f"/{rest}" if rest else "")


def party_name(visit: Visit, party: Party) -> str:
    """Return what a party is called: guest and host, or on a pair's visit mentee and mentor."""
    if party is Party.HOME_COORDINATOR:
        return labels.coordinator(visit.country)
    if visit.mentorship_id is None or party not in BOTH:
        return labels.label(party)
    guest = Party(visit.guest)
    return labels.label(guest if party is Party.GUEST else other(guest))


def both_parties(visit: Visit) -> str:
    """Return the two who agree on a visit, for the middle of a sentence."""
    return gettext("guest and host") if visit.mentorship_id is None else gettext("mentee and mentor")


def move_asked_by(view: VisitView) -> str:
    """Return who asked for other dates; empty where nobody did."""
    by = view.asked_move if view.proposal is None else view.proposal.by
    if by is None:
        return ""
    return party_name(view.visit, by)
