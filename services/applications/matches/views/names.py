"""Give the address of a match, and name its people as the reader may know them: by name once released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import labels
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.overview.views.participation import MatchView
    from services.applications.visits.store import Visit


def match_path(match_id: UUID, rest: str = "") -> str:
    """Return the address of a match, or of a page of it."""
    return f"/applications/matches/{match_id}" + (f"/{rest}" if rest else "")


def applicant_name(view: MatchView) -> str:
    """Return the applicant as the reader may know them: the name once released, else rank group and service."""
    identity = view.known.get(view.case.sides[0])
    if identity is not None and identity.name:
        return identity.name
    if view.profile is None:
        return ""
    return f"{labels.label(view.profile.rank_group)}, {labels.label(view.profile.service)}"


def mentor_name(view: MatchView) -> str:
    """Return the mentor as the reader may know them: the name once released, else the reference."""
    identity = view.known.get(Party.MENTOR)
    if identity is not None and identity.name:
        return identity.name
    return view.case.mentor.reference if view.case.mentor else ""


def guest_name(view: MatchView, visit: Visit) -> str:
    """Return who travels: the applicant, or on a pair's visit possibly the mentor."""
    return mentor_name(view) if visit.guest == Party.MENTOR else applicant_name(view)
