"""The open matters when somebody leaves or an organisation closes, shown before they are handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.applications.application.store import applications, standings
from services.applications.matches.store import matches
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.store import mentorships
from services.applications.placements import store as placements_store
from services.applications.register.model import grants as register_grants
from services.applications.register.store import people
from shared.contracts.access import AccessGrant
from shared.contracts.codes import UNION, ApplicationState, MatchState, Role
from shared.contracts.lifecycle.state_sets import MATCH_UNCONFIRMED, MENTOR_OPEN, MENTORSHIP_OVER, OFFER_STANDING
from shared.i18n import gettext, ngettext
from shared.time import clock
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.store import entries

_OPEN = frozenset(
    {
        ApplicationState.SUBMITTED,
        ApplicationState.RETURNED_FOR_INFORMATION,
        ApplicationState.ENDORSED,
        ApplicationState.ELIGIBLE,
        ApplicationState.APPEALED,
    }
)
_OVER = frozenset({"completed", "ended", "unplaced"})
_TO_ANSWER = MATCH_UNCONFIRMED
_PLACES = OFFER_STANDING


class OpenMatter(ReadModel):
    """Something open: an application, a placement, a match."""

    title: Annotated[str, Field(examples=["Application AM-2026-0001"])]
    kind: Annotated[str, Field(description="What it is, if it has a state; otherwise empty.", examples=["application"])]
    state: Annotated[str, Field(description="Its state; empty if it has none.", examples=["submitted"])]
    href: Annotated[str, Field(description="The address of its page; empty if it has none.")]


def matter(title: str, kind: str = "", state: str = "", href: str = "") -> OpenMatter:
    """Return an open matter; `kind` and `state` are those of the table of states."""
    return OpenMatter(title=title, kind=kind, state=state, href=href)


class Office(ReadModel):
    """A role of somebody's that others depend on."""

    grant: AccessGrant
    others: Annotated[int, Field(description="How many other people have the same role today.", examples=[1])]
    matters: Annotated[tuple[OpenMatter, ...], Field(description="What waits there.")]


async def of_person(session: AsyncSession, person: entries.Person) -> list[OpenMatter]:
    """Return what somebody takes part in: applications, a mentor's profile, mentorships."""
    found = []
    for application in await applications.of_officer(session, person.subject):
        if application.own_state not in _OPEN:
            continue
        state = application.state
        if application.own_state is ApplicationState.ELIGIBLE:
            standing = await standings.standing_of(session, application.id)
            state = ApplicationState.IN_MATCHING.value if standing is None else standing.state
        if state not in _OVER:
            title = gettext("Application %(reference)s") % {"reference": application.reference}
            found.append(matter(title, "application", state, f"/applications/cases/{application.id}"))
    profiles = [
        profile for profile in await mentors_store.of_subject(session, person.subject) if profile.state in MENTOR_OPEN
    ]
    found += [
        matter(gettext("Mentor's profile %(reference)s") % {"reference": profile.reference}, "mentor", profile.state)
        for profile in profiles
    ]
    ids = [profile.id for profile in profiles]
    paired = await matches.within(session, [matches.of_mentors(ids)], [*_TO_ANSWER, MatchState.CONFIRMED])
    mentorships_by_match = await mentorships.of_matches(session, {match.id for match in paired})
    for match in paired:
        pair = mentorships_by_match.get(match.id)
        if pair is None and match.state != MatchState.CONFIRMED:
            found.append(
                matter(gettext("Match as a mentor"), "match", match.shown_state, f"/applications/matches/{match.id}")
            )
        elif pair is not None and pair.stands not in MENTORSHIP_OVER:
            title = gettext("Mentorship as a mentor")
            found.append(matter(title, "mentorship", pair.state, f"/applications/mentorships/{pair.id}"))
    return found


async def offices_of(session: AsyncSession, person: entries.Person, grants: Sequence[AccessGrant]) -> list[Office]:
    """Return what somebody looks after: each role with who else has it today, and what waits there."""
    today = clock.today()
    found = []
    for grant in register_grants.deputisable_offices(grants, today):
        query = {"role": grant.role.value}
        if grant.role is Role.NATIONAL_COORDINATOR:
            query["country"] = grant.country or ""
        else:
            query["organisation_id"] = str(grant.organisation_id)
        others = [
            subject
            for subject, grants_of_other in (await people.with_grant(session, query)).items()
            if subject != person.subject
            and any(
                (other.role, other.country, other.organisation_id) == (grant.role, grant.country, grant.organisation_id)
                and register_grants.active(other, today)
                and other.deputy_for != person.subject
                for other in grants_of_other
            )
        ]
        found.append(Office(grant=grant, others=len(others), matters=tuple(await _waiting(session, grant))))
    return found


async def _waiting(session: AsyncSession, grant: AccessGrant) -> list[OpenMatter]:
    own = [] if grant.organisation_id is None else [grant.organisation_id]
    if grant.role is Role.HOST_CONTACT:
        return await of_organisation(session, own)
    countries = [grant.country] if grant.role is Role.NATIONAL_COORDINATOR and grant.country else []
    waiting = await matches.within(session, [matches.cleared_by(countries, own, UNION)], [MatchState.PROPOSED])
    return _counted(len(waiting), "/applications/matches?state=proposed")


def _counted(count: int, href: str) -> list[OpenMatter]:
    if not count:
        return []
    title = ngettext("%(num)d match to clear or answer", "%(num)d matches to clear or answer", count) % {"num": count}
    return [matter(title, href=href)]


async def of_organisation(session: AsyncSession, ids: Sequence[UUID]) -> list[OpenMatter]:
    """Return what organisations take part in as hosts: placements that are open, matches that wait."""
    found = [
        matter(
            gettext("Placement %(reference)s: %(title)s")
            % {"reference": placement.reference, "title": placement.title},
            "offer",
            placement.state,
            f"/applications/offers/{placement.id}",
        )
        for placement in await placements_store.list_visible(session, organisation_ids=list(ids), states=_PLACES)
    ]
    waiting = await matches.within(session, [matches.of_hosts(list(ids))], _TO_ANSWER)
    return found + _counted(len(waiting), "/applications/matches")
