"""The later history of an application: its matches, visits and mentorships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.display import TimelineEntry
from services.applications.matches.store import matches, participation
from services.applications.mentorships.store import mentorships
from services.applications.visits import store as visits
from shared.contracts.codes import MatchState, MentorshipState, VisitState
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.store.matches import Match
    from services.applications.matches.store.participation import Clearance
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.contracts.codes import Side

_MATCHES = {
    MatchState.OFFERED: N_("Offer sent"),
    MatchState.CONFIRMED: N_("Match confirmed"),
    MatchState.DECLINED: N_("Match declined"),
    MatchState.EXPIRED: N_("Offer expired"),
    MatchState.SUPERSEDED: N_("Match replaced"),
    MatchState.CANCELLED: N_("Match cancelled"),
}
_VISITS = {
    VisitState.SCHEDULED: N_("Visit planned"),
    VisitState.UNSCHEDULABLE: N_("No possible week for the visit"),
    VisitState.UNDER_WAY: N_("Visit started"),
    VisitState.ENDED: N_("Visit ended"),
    VisitState.COMPLETED: N_("Visit completed"),
    VisitState.CANCELLED: N_("Visit cancelled"),
    VisitState.NO_SHOW: N_("Guest did not come"),
    VisitState.VOIDED: N_("Visit entered in error"),
}
_PAIRS = {
    MentorshipState.PAUSED: N_("Mentorship paused"),
    MentorshipState.COMPLETED: N_("Mentorship completed"),
    MentorshipState.ENDED_EARLY: N_("Mentorship ended early"),
}
_BOTH = 2


async def later_history(session: AsyncSession, application_id: UUID) -> list[TimelineEntry]:
    """Return the steps of an application's matches, visits and mentorships; its page sorts them among the earlier ones.

    The match of a reserve is left out, since it holds no place.
    """
    found = [match for match in await matches.of_application(session, application_id) if not match.reserve]
    cleared = await participation.clearances(session, [match.id for match in found])
    entries = [entry for match in found for entry in _of_match(match, cleared[match.id])]
    entries += [
        TimelineEntry(gettext(_VISITS[visit.stands]), visit.since, link=f"/applications/visits/{visit.id}")
        for visit in await visits.of_applications(session, [application_id])
    ]
    for pair in await mentorships.of_applications(session, [application_id]):
        if title := _of_pair(pair):
            entries.append(TimelineEntry(title, pair.since, link=f"/applications/mentorships/{pair.id}"))
    return entries


def _of_match(match: Match, cleared: Mapping[Side, Clearance]) -> Iterator[TimelineEntry]:
    link = f"/applications/matches/{match.id}"
    yield TimelineEntry(gettext("Match proposed"), match.proposed_at, link=link)
    granted = [decision.at for decision in cleared.values() if decision.granted]
    if len(granted) == _BOTH:
        yield TimelineEntry(gettext("Cleared by both countries"), max(granted), link=link)
    if match.stands in _MATCHES:
        yield TimelineEntry(gettext(_MATCHES[match.stands]), match.since, link=link)


def _of_pair(pair: Mentorship) -> str | None:
    """Return the title of a mentorship's newest step; None before both have signed, which the match says."""
    if pair.stands is MentorshipState.ACTIVE:
        resumed = pair.started_on is not None and pair.since.date() > pair.started_on
        return gettext("Mentorship resumed") if resumed else gettext("Mentorship started")
    return gettext(_PAIRS[pair.stands]) if pair.stands in _PAIRS else None
