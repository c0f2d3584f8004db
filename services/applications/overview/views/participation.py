"""A match and a visit as one person may see them, for page and API alike.

Before a release: rank group, service, expertise and languages only (`domain.md`, staged identity).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.access.store import deciders_on as held_on
from services.applications.application.store import applications as applications_store
from services.applications.calls import store as calls_store
from services.applications.matches.store import matches, participation
from services.applications.matches.views import clearance
from services.applications.matches.views import parties as matches_parties
from services.applications.matches.views.parties import Case, VisibleIdentity
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.store import mentorships
from services.applications.next_steps.views import case_facts, match_facts, readers
from services.applications.outcomes.views import Task, visit_tasks
from services.applications.placements import store as placements_store
from services.applications.preparation.views import readiness
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.tables import PAGE
from services.applications.visits import store as visits_store
from services.applications.visits.model import BOTH, MAY_ASK_MOVE, days_to_record
from shared.contracts import labels
from shared.contracts.codes import UNION, Answer, Expertise, MatchState, Party, Role, Side
from shared.contracts.lifecycle.state_sets import MATCH_STANDING, VISIT_AHEAD, VISIT_GOING
from shared.i18n import gettext
from shared.identity.scope import countries_visible
from shared.next_steps import match_step, next_step, preparation_due
from shared.time import clock
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.preparation.model import Arrival, Checklist
    from services.applications.visits import model as visits_model
    from services.applications.visits.store import Visit
    from shared.contracts.applications import ApplicationProfile
    from shared.contracts.receipts import MatchExplained, NoMatchExplained
    from shared.identity import Principal
    from shared.next_steps import NextStep


@dataclass(frozen=True, slots=True)
class MatchView:
    """A match for one person: `turn` says which country clears it next, `answers` who has answered what."""

    case: Case
    turn: clearance.ClearanceStatus
    cleared: dict[Side, participation.Clearance]
    answers: dict[Party, Answer]
    known: dict[Party, VisibleIdentity]
    host: entries.Organisation | None
    offer: placements_store.Offer | None
    visit: visits_store.Visit | None
    mentorship: mentorships.Mentorship | None
    receipt: MatchExplained | NoMatchExplained | None = None

    @property
    def match(self) -> matches.Match:
        """The match itself."""
        return self.case.match

    @property
    def profile(self) -> ApplicationProfile | None:
        """The applicant's submitted profile: no name in it."""
        return self.case.application.profile

    @property
    def expertise(self) -> list[Expertise | None]:
        """The applicant's areas; None is a restricted one, which only the applicant's country sees (`domain.md`)."""
        own = bool({self.case.applicant, Party.HOME_COORDINATOR} & self.case.parties)
        areas = self.profile.expertise if self.profile else ()
        return [area.area if own or not area.area.restricted else None for area in areas]

    @property
    def answering(self) -> Party | None:
        """As whom the person is asked for an answer now, if at all."""
        offered = self.match.stands is MatchState.OFFERED and not self.too_late
        own = [party for party in self.case.sides if party in self.case.parties and party not in self.answers]
        return own[0] if offered and own else None

    @property
    def too_late(self) -> bool:
        """Return whether the time to answer is over, before the match expires."""
        return self.match.due is not None and arrived() > self.match.due and not self.all_accepted

    @property
    def waits(self) -> bool:
        """Return whether the match waits for the person."""
        return self.turn.mine or self.answering is not None

    @property
    def arrived(self) -> bool:
        """Return whether the person's own answer has arrived and matching has not confirmed the match yet."""
        own = self.case.parties & set(self.answers)
        return bool(own) and self.match.stands is MatchState.OFFERED

    @property
    def all_accepted(self) -> bool:
        """Return whether both sides have accepted."""
        return all(self.answers.get(side) is Answer.ACCEPT for side in self.case.sides)

    @property
    def declined(self) -> bool:
        """Return whether a side has declined."""
        return Answer.DECLINE in self.answers.values()


def who_comes(view: MatchView) -> str:
    """Return from which country a guest or mentee comes, for those who receive them; empty for the other side."""
    case, match = view.case, view.match
    if case.applicant is not Party.MENTEE:
        comes, country = Party.GUEST, match.country
        text = gettext("Guest from %(country)s")
    elif view.visit is not None and Party(view.visit.guest) is Party.MENTOR:
        comes, country = Party.MENTOR, match.host_country
        text = gettext("Guest from %(country)s")
    else:
        comes, country = Party.MENTEE, match.country
        text = gettext("Mentee from %(country)s")
    sends = Party.HOST_COORDINATOR if comes is Party.MENTOR else Party.HOME_COORDINATOR
    return "" if case.parties <= {comes, sends} else text % {"country": labels.country(country)}


async def match_view(session: AsyncSession, principal: Principal, match_id: UUID) -> MatchView:
    """Return one match, with the receipt of its application. Raises `Refused` (404)."""
    view = (await views_of(session, principal, [await matches_parties.case_of_match(session, principal, match_id)]))[0]
    found = await matches.receipt(session, view.match.application_id)
    return replace(view, receipt=found.explained if found is not None else None)


async def match_views_by_id(session: AsyncSession, principal: Principal, ids: Collection[UUID]) -> list[MatchView]:
    """Return these matches, each once, in the order of their ids. Raises `Refused` (404) where one cannot be seen."""
    found = await matches.matches_by_id(session, set(ids))
    views = await views_of_matches(session, principal, list(found.values()))
    if len(views) < len(set(ids)):
        raise not_found()
    return views


async def views_of(
    session: AsyncSession, principal: Principal, found: Sequence[Case], *, named: bool = True
) -> list[MatchView]:
    """Return these matches as the principal sees them; without names, hosts and placements unless `named`."""
    if not found:
        return []
    ids = [case.match.id for case in found]
    cleared = await participation.clearances(session, ids)
    answers = await participation.answers(session, ids)
    deciders = await held_on(session, clock.today())
    visits_by_match = await visits_store.of_matches(session, ids)
    names = await _names(session, found, visits_by_match) if named else _Names({}, {}, {})
    mentorships_by_match = await mentorships.of_matches(session, ids)
    return [
        MatchView(
            case,
            clearance.clearance_status(principal, case, cleared[case.match.id], deciders),
            cleared[case.match.id],
            answers[case.match.id],
            names.known.get(case.match.id, {}),
            names.hosts.get(case.match.host_organisation_id),
            names.placements.get(case.match.offer_id) if case.match.offer_id else None,
            visits_by_match.get(case.match.id),
            mentorships_by_match.get(case.match.id),
        )
        for case in found
    ]


@dataclass(frozen=True, slots=True)
class _Names:
    """The names in matches: people's by match, of host organisations and placements by id."""

    known: Mapping[UUID, dict[Party, VisibleIdentity]]
    hosts: Mapping[UUID, entries.Organisation]
    placements: Mapping[UUID, placements_store.Offer]


async def _names(
    session: AsyncSession, found: Sequence[Case], visits_by_match: Mapping[UUID, visits_store.Visit]
) -> _Names:
    organisation_ids = {case.match.host_organisation_id for case in found}
    hosts = await entries.organisations(session, ids=organisation_ids)
    offer_ids = {case.match.offer_id for case in found if case.match.offer_id}
    travelling = [
        matches_parties.as_visit_case(case, visits_by_match[case.match.id])
        if case.match.id in visits_by_match
        else case
        for case in found
    ]
    released = await participation.releases(session, [case.match.id for case in found])
    return _Names(
        await matches_parties.identities_of(session, travelling, released),
        {organisation.id: organisation for organisation in hosts},
        await placements_store.offers_by_id(session, offer_ids),
    )


async def match_views(
    session: AsyncSession, principal: Principal, states: Sequence[MatchState] = (), *, named: bool = True
) -> list[MatchView]:
    """Return all matches that the person sees by any role, those due first; `matches.MOST` at the most.

    For counts no names, hosts and placements are read (`named`).
    """
    found = await matches.within(session, await seen_by(session, principal), states=states)
    return await views_of_matches(session, principal, found, named=named)


async def seen_by(session: AsyncSession, principal: Principal) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the matches that the person sees, by any of the reader's own roles."""
    among: list[sa.ColumnElement[bool]] = []
    coordinator = principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)
    if coordinator:
        countries = countries_visible(principal)
        agencies = _ids(principal, Role.CLEARANCE_OFFICER)
        among.append(matches.cleared_by(None if countries is None else sorted(countries), agencies, UNION))
    if principal.has(Role.HOST_CONTACT):
        among.append(matches.of_hosts(_ids(principal, Role.HOST_CONTACT)))
    if principal.has(Role.MENTOR):
        own = await mentors_store.of_subject(session, principal.subject)
        among.append(matches.of_mentors([mentor.id for mentor in own]))
    if principal.has(Role.OFFICER):
        mine = await applications_store.of_officer(session, principal.subject)
        among.append(matches.of_applications([application.id for application in mine]))
    return among


async def views_of_matches(
    session: AsyncSession, principal: Principal, found: Sequence[matches.Match], *, named: bool = True
) -> list[MatchView]:
    """Return those of these matches that the person sees, in their order; `named` as in `views_of`."""
    if not found:
        return []
    applications = await applications_store.by_id(session, {row.application_id for row in found})
    profiles = await mentors_store.mentors_by_id(session, {row.mentor_id for row in found if row.mentor_id})
    visible = []
    for match in found:
        application = applications.get(match.application_id)
        mentor = profiles.get(match.mentor_id) if match.mentor_id else None
        if application is None:
            continue
        parties = matches_parties.parties_of(principal, match, application.subject, mentor.subject if mentor else None)
        if parties:
            visible.append(Case(match, application, mentor, parties))
    return await views_of(session, principal, visible, named=named)


def _ids(principal: Principal, role: Role) -> list[UUID]:
    return [UUID(organisation) for organisation in sorted(principal.organisations(role))]


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit for one person, with its match."""

    of: MatchView
    visit: visits_store.Visit
    version: int
    agenda: str
    agreed: dict[Party, int]
    records: dict[date, visits_store.Attendance]
    statements: list[visits_store.Statement]
    tasks: list[Task]
    proposal: visits_model.Proposal | None
    asked_move: Party | None
    move_answers: dict[Party, Answer]
    checklist: Checklist | None
    preparation_due: datetime | None
    arrival: Arrival | None
    host: entries.Organisation | None

    @property
    def answering_move(self) -> bool:
        """Return whether the person is asked to accept or refuse other dates now."""
        own = self.of.case.parties & set(BOTH)
        answerable = self.proposal is not None and not self.move_lapsed
        return answerable and bool(own - set(self.move_answers))

    @property
    def move_lapsed(self) -> bool:
        """Return whether the time to answer about other dates is over, before the proposal is dropped."""
        return self.proposal is not None and arrived() > self.proposal.due

    @property
    def may_ask_move(self) -> bool:
        """Return whether the person may ask for other dates now."""
        open_ = self.visit.stands in VISIT_AHEAD
        free = self.proposal is None and self.asked_move is None
        return open_ and free and bool(self.of.case.parties & set(MAY_ASK_MOVE))

    @property
    def attendance(self) -> dict[date, bool]:
        """By day, whether the guest was there, as far as it is recorded."""
        return {day: record.present for day, record in self.records.items()}

    @property
    def both_agreed(self) -> bool:
        """Return whether guest and host agreed to the agenda as it is."""
        return all(self.agreed.get(party) == self.version for party in BOTH)

    @property
    def recordable(self) -> list[date]:
        """The days whose attendance can be recorded by now."""
        takes_place = self.visit.stands in VISIT_GOING
        return days_to_record(self.visit.dates, clock.today()) if takes_place else []


FIRST_AGENDA = visits_store.FIRST_AGENDA


async def agenda_of(session: AsyncSession, visit: Visit) -> tuple[int, str]:
    """Return the newest version of a visit's agenda and its text."""
    written = await visits_store.agenda(session, visit.id)
    if written is not None:
        return written.version, written.text
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
    return FIRST_AGENDA, offer.entry.outline if offer is not None else ""


async def visit_view(session: AsyncSession, principal: Principal, visit_id: UUID) -> VisitView:
    """Return one visit. Raises `Refused` (404)."""
    case, visit = await matches_parties.case_of_visit(session, principal, visit_id)
    view = (await views_of(session, principal, [case]))[0]
    version, agenda = await agenda_of(session, visit)
    request = await visits_store.last_request(session, visit.id)
    return VisitView(
        view,
        visit,
        version,
        agenda,
        await visits_store.agenda_agreed(session, visit.id),
        (await visits_store.attendance_of(session, [visit.id]))[visit.id],
        await visits_store.statements(session, visit.about),
        await visit_tasks(session, case, visit),
        visit.proposal,
        Party(request.party) if request is not None and request.waits(visit) else None,
        await visits_store.answers(session, visit.id, visit.moves),
        await readiness.checklist(session, visit),
        await _preparation_due(session, visit),
        await readiness.arrival(session, case, visit),
        await _host_of(session, view, visit),
    )


async def _host_of(session: AsyncSession, view: MatchView, visit: visits_store.Visit) -> entries.Organisation | None:
    """Return the organisation that is visited: mostly the match's host; of a pair's visit that of the one who stays."""
    if view.host is not None and view.host.id == visit.host_organisation_id:
        return view.host
    return next(iter(await entries.organisations(session, ids={visit.host_organisation_id})), None)


async def _preparation_due(session: AsyncSession, visit: visits_store.Visit) -> datetime | None:
    """Return when everything before travel must be ready; None while the visit has no dates."""
    call = await calls_store.call(session, visit.call_id)
    if call is None or visit.start is None:
        return None
    return preparation_due(visit.start, call.terms.timers)


WAITS = "waits"
"""The value of the filter by state for the matches that wait for the reader."""


@dataclass(frozen=True, slots=True)
class MatchList:
    """One page of matches, how many there are on all of its pages, in each state, and waiting for the reader."""

    views: Sequence[MatchView]
    total: int
    states: dict[str, int]
    waiting: int
    steps: Mapping[UUID, NextStep]


async def match_list(session: AsyncSession, principal: Principal, state: str = "", page: int = 1) -> MatchList:
    """Return one page of the matches that the person sees; `state` is one of a match, `waits`, or empty for all.

    What waits for the person comes first, then what is due, then what is settled, the newest first. Only what is not
    settled is read as a whole: it ends within weeks, while what is settled grows from call to call.
    """
    among = await seen_by(session, principal)
    counts = await matches.counts(session, among)
    under_way = await views_of_matches(session, principal, await matches.within(session, among, matches.UNCONFIRMED))
    under_way.sort(key=lambda view: not view.waits)
    waiting = [view for view in under_way if view.waits]
    settled: Sequence[str] = sorted(set(counts) - set(matches.UNCONFIRMED))
    if state == WAITS:
        under_way, settled = waiting, ()
    elif state:
        under_way = [view for view in under_way if view.match.state == state]
        settled = [state_ for state_ in settled if state_ == state]
    begin = (page - 1) * PAGE
    views = under_way[begin : begin + PAGE]
    if settled and len(views) < PAGE:
        offset = max(begin - len(under_way), 0)
        found = await matches.settled_page(session, among, settled, offset, PAGE - len(views))
        views += await views_of_matches(session, principal, found)
    total = len(under_way) + sum(counts[state_] for state_ in settled)
    return MatchList(views, total, counts, len(waiting), await match_steps(session, views))


async def match_steps(session: AsyncSession, views: Sequence[MatchView]) -> dict[UUID, NextStep]:
    """Return the next step about each of these matches for their reader: of the one that stands, that of the case."""
    facts = await case_facts(session, [view.case.application for view in views])
    steps, others = {}, []
    for view in views:
        if view.match.state in MATCH_STANDING and not view.match.reserve:
            steps[view.match.id] = next_step(facts[view.match.application_id], readers(view.case.parties))
        else:
            others.append(view)
    of_matches = await match_facts(session, [view.match for view in others])
    return steps | {view.match.id: match_step(of_matches[view.match.id], readers(view.case.parties)) for view in others}
