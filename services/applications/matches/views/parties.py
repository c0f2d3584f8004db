"""Load a match, visit or mentorship for a principal: in which role they see it, and which identities they may see.

Which country and organisation a principal has is decided in `shared/identity/scope.py`; staged identity in the model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.matches.model.clearance import applicant, counterpart, visible
from services.applications.matches.store import matches, participation
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.model.pair import PAIR, other
from services.applications.mentorships.store import mentorships
from services.applications.own_cases.model import Concerned
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.codes import IdentityField, Party, Role
from shared.contracts.lifecycle.state_sets import MATCH_FAILED
from shared.identity.scope import is_self, may_act_for_organisation, may_clear

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


_OVER = frozenset(MATCH_FAILED)


@dataclass(frozen=True, slots=True)
class Case:
    """A match with the application behind it; `parties` are the roles in which the principal sees it.

    `guest` is who travels on a mentoring pair's visit: the mentee, or the mentor.
    """

    match: matches.Match
    application: applications.Application
    mentor: mentors_store.Mentor | None
    parties: frozenset[Party]
    guest: Party | None = None

    @property
    def correlation(self) -> UUID:
        """The story that all of it belongs to."""
        return self.match.application_id

    @property
    def concerned(self) -> Concerned:
        """The people whom a decision on the match concerns: the applicant, and the mentor if there is one."""
        mentors = set() if self.mentor is None else {self.mentor.subject}
        return Concerned(frozenset({self.application.subject} | mentors))

    def acts_as(self, *among: Party) -> Party:
        """Return the first of `among` in whose role the principal acts. Raises `Refused` (404) where there is none."""
        for party in among:
            if party in self.parties:
                return party
        raise not_found()

    @property
    def sides(self) -> tuple[Party, Party]:
        """Applicant and counterpart, as they are called in this kind of match; of a visit, who travels comes first."""
        both = self.applicant, counterpart(self.match.for_)
        return both if self.guest is not Party.MENTOR else (both[1], both[0])

    @property
    def applicant(self) -> Party:
        """The applicant, as called in this kind of match."""
        return applicant(self.match.for_)

    @property
    def guest_subject(self) -> str:
        """The account of who travels."""
        return self.mentor.subject if self.guest is Party.MENTOR and self.mentor else self.application.subject

    @property
    def guest_organisation_id(self) -> UUID:
        """The agency that sends who travels."""
        travels = self.guest is Party.MENTOR
        return self.match.host_organisation_id if travels else self.match.organisation_id


async def case_of_match(session: AsyncSession, principal: Principal, match_id: UUID, *, lock: bool = False) -> Case:
    """Return the case of one match. Raises `Refused` (404) where it does not exist or the principal may not see it."""
    match = await matches.match(session, match_id, lock=lock)
    if match is None:
        raise not_found()
    application = await applications.application(session, match.application_id)
    mentor = None if match.mentor_id is None else await mentors_store.mentor(session, match.mentor_id)
    if application is None:
        raise not_found()
    parties = parties_of(principal, match, application.subject, mentor.subject if mentor is not None else None)
    if not parties:
        raise not_found()
    return Case(match, application, mentor, parties)


async def case_of_visit(
    session: AsyncSession, principal: Principal, visit_id: UUID, *, lock: bool = False
) -> tuple[Case, visits_store.Visit]:
    """Return the case of one visit. The match is locked before the visit, as the reader does. Raises `Refused` (404).

    On a mentoring pair's visit guest and host are the two of them: who does not travel has the host's part.
    """
    found = await visits_store.visit(session, visit_id)
    if found is None:
        raise not_found()
    case = await case_of_match(session, principal, found.match_id, lock=lock)
    current = await visits_store.visit(session, visit_id, lock=lock)
    assert current is not None
    return as_visit_case(case, current), current


def as_visit_case(case: Case, visit: visits_store.Visit) -> Case:
    """Return the case of a match for one of its visits: of a mentoring pair, who travels is guest, the other host."""
    if visit.mentorship_id is None:
        return case
    guest = Party(visit.guest)
    renamed = {guest: Party.GUEST, other(guest): Party.HOST}
    also = frozenset(renamed[party] for party in case.parties & set(PAIR))
    return replace(case, parties=case.parties | also, guest=guest)


async def case_of_mentorship(
    session: AsyncSession, principal: Principal, mentorship_id: UUID, *, lock: bool = False
) -> tuple[Case, mentorships.Mentorship]:
    """Return the case of one mentorship, locked in the same order. Raises `Refused` (404)."""
    found = await mentorships.mentorship(session, mentorship_id)
    if found is None:
        raise not_found()
    case = await case_of_match(session, principal, found.match_id, lock=lock)
    current = await mentorships.mentorship(session, mentorship_id, lock=lock)
    assert current is not None
    return case, current


def parties_of(
    principal: Principal, match: matches.Match, applicant_subject: str, mentor_subject: str | None
) -> frozenset[Party]:
    """Return the roles in which the principal sees a match; none where the principal has no part in it."""
    acts_as = {
        applicant(match.for_): principal.has(Role.OFFICER) and is_self(principal, applicant_subject),
        Party.HOST: match.offer_id is not None and may_act_for_organisation(principal, match.host_organisation_id),
        Party.MENTOR: principal.has(Role.MENTOR) and is_self(principal, mentor_subject),
        Party.HOME_COORDINATOR: may_clear(principal, match.country, match.organisation_id),
        Party.HOST_COORDINATOR: may_clear(principal, match.host_country, match.host_organisation_id),
        Party.PROGRAMME: principal.has(Role.PROGRAMME_COORDINATOR),
    }
    return frozenset(party for party, holds in acts_as.items() if holds)


@dataclass(frozen=True, slots=True)
class VisibleIdentity:
    """The fields of one party's identity that the principal may see; None stands for a hidden field."""

    party: Party
    name: str | None = None
    own_name: str | None = None
    national_rank: str | None = None
    unit: str | None = None
    service_email: str | None = None


async def identities_of(
    session: AsyncSession, cases: Sequence[Case], released: dict[UUID, list[participation.Release]]
) -> dict[UUID, dict[Party, VisibleIdentity]]:
    """Return what the principal may see of the people of these matches: what was released to one of their roles."""
    wanted = {case.application.subject for case in cases} | {case.mentor.subject for case in cases if case.mentor}
    people = await entries.people_by_subject(session, wanted)
    return {case.match.id: _visible_identities(case, released.get(case.match.id, []), people) for case in cases}


def _visible_identities(
    case: Case, released: Sequence[participation.Release], people: dict[str, entries.Person]
) -> dict[Party, VisibleIdentity]:
    # A match that came to nothing shows nobody's name any more to those who only had it for the match.
    is_live = case.match.stands not in _OVER
    facts = [(Party(release.party), Party(release.recipient), release.fields) for release in released if is_live]
    found: dict[Party, VisibleIdentity] = {}
    for party in case.sides:
        fields = frozenset[str]().union(*(visible(viewer, party, facts, case.guest) for viewer in case.parties))
        if party is Party.HOST or not fields:
            continue
        identity = _identity_of(case, party, people)
        visible_fields = {name: identity[name] for field, names in _NAMES.items() if field in fields for name in names}
        found[party] = VisibleIdentity(party, **visible_fields)
    return found


# Which of the values below each field of an identity lets somebody see.
_NAMES: dict[IdentityField, tuple[str, ...]] = {
    IdentityField.NAME: ("name", "own_name"),
    IdentityField.NATIONAL_RANK: ("national_rank",),
    IdentityField.UNIT: ("unit",),
    IdentityField.SERVICE_EMAIL: ("service_email",),
}


def _identity_of(case: Case, party: Party, people: dict[str, entries.Person]) -> dict[str, str | None]:
    """Return what the portal knows of a party: of an applicant the application first, else the register."""
    subject = case.mentor.subject if party is Party.MENTOR and case.mentor else case.application.subject
    person = people.get(subject)
    identity: dict[str, str | None] = dict.fromkeys(("name", "own_name", "national_rank", "unit", "service_email"))
    if person is not None:
        identity = {
            "name": person.name,
            "own_name": person.own_name or None,
            "national_rank": person.national_rank or None,
            "unit": person.unit or None,
            "service_email": person.email,
        }
    if party is Party.MENTOR:
        return identity
    answers = case.application.answers
    written = {
        "name": answers.name,
        "own_name": answers.own_name,
        "national_rank": answers.national_rank,
        "unit": answers.unit,
        "service_email": answers.email,
    }
    return identity | {name: value for name, value in written.items() if value}
