"""Declare whom each decision of the portal concerns, and apply the rule on own cases to all of them.

Every route that writes stands here once: as a decision, with what tells whose case it is (`DECISIONS`), as a decision
whose cases only the body names (`IN_ACTION`, where the action asks `own_cases.views`), or as no decision on a person
(`NO_DECISION`, with the reason). `tests/integration/applications/test_own_cases.py` refuses a route that is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.matches.store import matches
from services.applications.mentors import store as mentors
from services.applications.oversight.store import incidents
from services.applications.own_cases.model import Concerned
from services.applications.own_cases.views import COORDINATING, DECIDING, CaseToDecide, obstacle
from services.applications.placements import store as placements
from services.applications.register.store import people, proposals
from services.applications.register.views.scope import decides
from services.applications.visits import store as visits
from shared.contracts.codes import Party, PreparationItem, Role
from shared.identity import access_of
from shared.identity.own_cases import template_of
from shared.identity.refusals import SAFE_METHODS
from shared.identity.state import service_of
from shared.ids import read_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from uuid import UUID

    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal

    Finder = Callable[[AsyncSession, Mapping[str, str], Principal], Awaitable[CaseToDecide | None]]

API = "/applications/api/v1"


async def of_application(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the application in the path."""
    id_ = read_id(path["application_id"])
    application = None if id_ is None else await applications.application(session, id_)
    if application is None:
        return None
    return _case(application.concerned, (application.country, application.organisation_id))


async def of_match(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the match in the path: its applicant, and its mentor."""
    id_ = read_id(path["match_id"])
    return None if id_ is None else await _match(session, id_)


async def of_match_as_other(
    session: AsyncSession, path: Mapping[str, str], principal: Principal
) -> CaseToDecide | None:
    """Return the same for others than applicant and mentor, who take their own steps on the same page."""
    return _unless_part(await of_match(session, path, principal), principal)


async def of_guest_by_sender(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the visit in the path: who travels, as decided by the side that sends."""
    match, guest = await _travels(session, path)
    return None if match is None else _case(guest, (match.country, match.organisation_id), roles=COORDINATING)


async def of_guest_by_host(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the same as decided by the host."""
    match, guest = await _travels(session, path)
    host = frozenset({Role.HOST_CONTACT})
    return None if match is None else _case(guest, (match.host_country, match.host_organisation_id), roles=host)


async def of_guest_as_other(
    session: AsyncSession, path: Mapping[str, str], principal: Principal
) -> CaseToDecide | None:
    """Return the same for others than the guest, who takes own steps on the same page."""
    match, guest = await _travels(session, path)
    if match is None:
        return None
    sides = (match.country, match.organisation_id), (match.host_country, match.host_organisation_id)
    return _unless_part(_case(guest, *sides), principal)


async def of_item(session: AsyncSession, path: Mapping[str, str], principal: Principal) -> CaseToDecide | None:
    """Return the case of the visit where the item in the path is the sending side's to confirm."""
    confirmed = path["item"] in {PreparationItem.AUTHORISATION, PreparationItem.COSTS}
    return await of_guest_by_sender(session, path, principal) if confirmed else None


async def of_offer(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the placement in the path: who wrote it."""
    id_ = read_id(path["offer_id"])
    offer = None if id_ is None else await placements.offer(session, id_)
    return None if offer is None else _case(offer.concerned, (offer.country, offer.organisation_id), roles=COORDINATING)


async def of_person(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the person in the path."""
    id_ = read_id(path["person_id"])
    person = None if id_ is None else await people.by_id(session, id_)
    return None if person is None else _case({person.subject}, (person.country, person.organisation_id))


async def of_entry(session: AsyncSession, path: Mapping[str, str], principal: Principal) -> CaseToDecide | None:
    """Return the same where the change takes effect at once; a proposal is decided by somebody else anyway."""
    return await of_person(session, path, principal) if decides(principal) else None


async def of_proposal(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the proposal in the path: whom it is about, and who proposed it."""
    id_ = read_id(path["proposal_id"])
    proposal = None if id_ is None else await proposals.proposal(session, id_)
    return None if proposal is None else _case(proposal.concerned)


async def of_incident(session: AsyncSession, path: Mapping[str, str], _: Principal) -> CaseToDecide | None:
    """Return the case of the incident in the path: who reported it, and the people of its match."""
    id_ = read_id(path["incident_id"])
    incident = None if id_ is None else await incidents.incident(session, id_)
    case = None if incident is None else await _match(session, incident.match_id)
    if incident is None or case is None:
        return None
    return _case(case.concerned.people | {incident.reporter}, (incident.country, incident.organisation_id))


async def of_suspended(session: AsyncSession, path: Mapping[str, str], principal: Principal) -> CaseToDecide | None:
    """Return the case that a suspension ends or lets go on: a match, an application or a mentor's profile."""
    id_ = path["case_id"]
    if (case := await of_match(session, {"match_id": id_}, principal)) is not None:
        return case
    if (case := await of_application(session, {"application_id": id_}, principal)) is not None:
        return case
    read = read_id(id_)
    mentor = None if read is None else await mentors.mentor(session, read)
    return None if mentor is None else _case({mentor.subject})


async def _match(session: AsyncSession, match_id: UUID) -> CaseToDecide | None:
    match = await matches.match(session, match_id)
    if match is None:
        return None
    sides = (match.country, match.organisation_id), (match.host_country, match.host_organisation_id)
    return _case({await _applicant(session, match), await _mentor(session, match)}, *sides)


async def _travels(session: AsyncSession, path: Mapping[str, str]) -> tuple[matches.Match | None, set[str | None]]:
    """Return the match of the visit in the path, and who travels."""
    id_ = read_id(path["visit_id"])
    visit = None if id_ is None else await visits.visit(session, id_)
    match = None if visit is None else await matches.match(session, visit.match_id)
    if visit is None or match is None:
        return None, set()
    travels = _mentor if visit.guest == Party.MENTOR else _applicant
    return match, {await travels(session, match)}


async def _applicant(session: AsyncSession, match: matches.Match) -> str | None:
    application = await applications.application(session, match.application_id)
    return None if application is None else application.subject


async def _mentor(session: AsyncSession, match: matches.Match) -> str | None:
    mentor = None if match.mentor_id is None else await mentors.mentor(session, match.mentor_id)
    return None if mentor is None else mentor.subject


def _unless_part(case: CaseToDecide | None, principal: Principal) -> CaseToDecide | None:
    return None if case is None or principal.subject in case.concerned.people else case


def _case(
    concerned: Collection[str | None] | Concerned,
    *sides: tuple[str | None, UUID | None],
    roles: frozenset[Role] = DECIDING,
) -> CaseToDecide:
    """Return the case of these people; `sides` are the countries and organisations whose people could decide."""
    if not isinstance(concerned, Concerned):
        concerned = Concerned(frozenset(subject for subject in concerned if subject is not None))
    countries = frozenset(country for country, _ in sides if country is not None)
    organisations = frozenset(str(organisation_id) for _, organisation_id in sides if organisation_id is not None)
    return CaseToDecide(concerned, countries, organisations, roles)


_CASE = "/applications/cases/{application_id}"
_VISIT = "/applications/visits/{visit_id}"
_PERSON = "/applications/register/people/{person_id}"
_PROPOSAL = "/applications/register/proposals/{proposal_id}"

DECISIONS: dict[Finder, tuple[str, ...]] = {
    of_application: (
        *(f"{_CASE}/{act}" for act in ("endorse", "return", "not-endorse", "eligibility", "cancel", "void", "appeal")),
        f"{_CASE}/line-manager",
        *(
            f"{API}/applications/{{application_id}}/{act}"
            for act in ("endorse", "return", "not-endorse", "cancel", "void", "appeal/decide")
        ),
        f"{API}/applications/{{application_id}}/line-manager/confirm",
    ),
    of_match: (
        *(f"/applications/matches/{{match_id}}/{act}" for act in ("clear", "refuse")),
        *(f"{API}/matches/{{match_id}}/{act}" for act in ("clear", "refuse")),
    ),
    of_match_as_other: (
        *(f"/applications/matches/{{match_id}}/{act}" for act in ("answer", "cancel")),
        *(f"{API}/matches/{{match_id}}/{act}" for act in ("answer", "cancel")),
    ),
    of_guest_by_host: (
        *(f"{_VISIT}/{act}" for act in ("attendance", "no-show", "early-return", "letters/{letter}")),
        *(f"{API}/visits/{{visit_id}}/{act}" for act in ("attendance", "no-show", "early-return", "letters/{letter}")),
    ),
    of_guest_by_sender: (
        *(f"{_VISIT}/{act}" for act in ("preparation/authorisation", "costs-settled")),
        f"{API}/visits/{{visit_id}}/costs-settled",
    ),
    of_guest_as_other: (
        *(f"{_VISIT}/{act}" for act in ("move", "moves/{proposal}")),
        *(f"{API}/visits/{{visit_id}}/{act}" for act in ("moves", "moves/{proposal}/answer")),
    ),
    of_item: (f"{API}/visits/{{visit_id}}/preparation/{{item}}",),
    of_offer: (
        *(f"/applications/offers/{{offer_id}}/{act}" for act in ("endorse", "return", "void")),
        *(f"{API}/offers/{{offer_id}}/{act}" for act in ("endorse", "return", "void")),
    ),
    of_person: (f"{_PERSON}/confirm",),
    of_entry: tuple(f"{_PERSON}/{act}" for act in ("edit", "leave", "transfer")),
    of_proposal: (
        *(f"{_PROPOSAL}/{act}" for act in ("approve", "refuse")),
        *(f"{API}/register/proposals/{{proposal_id}}/{act}" for act in ("approve", "refuse")),
    ),
    of_incident: (
        *(f"/applications/incidents/{{incident_id}}/{act}" for act in ("acknowledge", "notes", "close")),
        *(f"{API}/incidents/{{incident_id}}/{act}" for act in ("acknowledge", "notes", "close")),
    ),
    of_suspended: (
        "/applications/partners/{country}/decisions/{decision_id}/cases/{case_id}/keep",
        f"{API}/partners/{{country}}/decisions/{{decision_id}}/cases/{{case_id}}/keep",
    ),
}
"""Decisions on one case, by what finds whom they concern. The page of the same path says so too."""

PAGES: dict[Finder, tuple[str, ...]] = {
    of_application: (_CASE,),
    of_match_as_other: ("/applications/matches/{match_id}",),
    of_offer: ("/applications/offers/{offer_id}",),
    of_proposal: (_PROPOSAL,),
    of_incident: ("/applications/incidents/{incident_id}",),
}
"""Pages that offer decisions and say to whom these are not open."""

IN_ACTION = (
    "/applications/offers/{offer_id}/candidates",
    "/applications/mentors/{mentor_id}/candidates",
    f"{API}/offers/{{offer_id}}/candidates",
    f"{API}/mentors/{{mentor_id}}/candidates",
    "/applications/cases/decide",
    f"{API}/decisions",
    f"{API}/eligibility/confirm",
    "/applications/matches/clear",
    f"{API}/matches/clear",
    "/applications/offers/decide",
    f"{API}/offers/decide",
    "/applications/register/proposals/several",
    f"{API}/register/proposals/approve",
    "/applications/register/access/confirm",
    f"{API}/register/access/confirm",
    "/applications/register/people/new",
    f"{API}/people",
    f"{API}/register/proposals",
    "/applications/register/deputies",
    f"{API}/register/deputies",
)
"""Decisions whose cases the body names: the action leaves own cases out, or refuses the one it is about."""

NO_DECISION: dict[str, tuple[str, ...]] = {
    "About nobody: calls, needs, funds, exclusions and organisations are the programme's or a country's.": (
        "/applications/calls/drafts/{draft_id}/questions/new",
        "/applications/calls/drafts/{draft_id}/questions/{place}",
        "/applications/calls/drafts/{draft_id}/questions/{place}/{verb}",
        "/applications/calls/drafts/{draft_id}/revise",
        "/applications/calls/{call_id}/close",
        "/applications/calls/new",
        "/applications/calls/{call_id}/copy",
        "/applications/calls/drafts/{draft_id}/publish",
        "/applications/calls/drafts/{draft_id}/discard",
        "/applications/calls/{call_id}/revise",
        "/applications/calls/drafts/{draft_id}/{code}",
        "/applications/asked-before-travel",
        "/applications/asked-before-travel/{rule_id}/take-back",
        "/applications/register/organisations/new",
        "/applications/register/organisations/{organisation_id}/edit",
        "/applications/register/organisations/{organisation_id}/activity",
        "/applications/register/funds/new",
        "/applications/register/funds/{fund_id}",
        "/applications/register/exclusions/{exclusion_id}/end",
        "/applications/register/exclusions/new",
        "/applications/register/exclusions/{exclusion_id}",
        "/applications/register/needs/import",
        "/applications/register/needs/import/{import_id}/confirm",
        "/applications/register/needs/import/{import_id}/discard",
        "/applications/register/needs/new",
        "/applications/register/needs/{need_id}/edit",
        "/applications/register/needs/{need_id}/withdraw",
        f"{API}/organisations",
        f"{API}/funds",
        f"{API}/exclusions",
        f"{API}/register/funds",
        f"{API}/register/exclusions",
        f"{API}/register/exclusions/{{exclusion_id}}/end",
        f"{API}/register/needs",
        f"{API}/register/needs/imports",
        f"{API}/register/needs/imports/{{import_id}}/confirm",
        f"{API}/register/needs/imports/{{import_id}}/discard",
        f"{API}/register/needs/{{need_id}}",
        f"{API}/register/needs/{{need_id}}/withdraw",
        f"{API}/calls",
        f"{API}/calls/{{call_id}}/copy",
        f"{API}/calls/{{call_id}}/revise",
        f"{API}/calls/{{call_id}}/close",
        f"{API}/call-drafts",
        f"{API}/call-drafts/{{draft_id}}",
        f"{API}/call-drafts/{{draft_id}}/publish",
        f"{API}/call-drafts/{{draft_id}}/revise",
        f"{API}/asked-before-travel",
        f"{API}/asked-before-travel/{{rule_id}}",
    ),
    "About a country as a whole; each of its cases is decided apart.": (
        "/applications/partners/{country}/suspend",
        "/applications/partners/{country}/suspend/confirm",
        "/applications/partners/{country}/reinstate",
        "/applications/partners/{country}/decisions/{decision_id}/withdraw",
        f"{API}/partners",
        f"{API}/partners/{{country}}/suspension/preview",
        f"{API}/partners/{{country}}/suspension",
        f"{API}/partners/{{country}}/reinstatement",
        f"{API}/partners/{{country}}/decisions/{{decision_id}}/withdraw",
    ),
    "A step in the person's own case.": (
        "/sign-out",
        "/applications/inbox/read",
        "/applications/choices",
        "/applications/subscription/make",
        "/applications/subscription/end",
        "/applications/mine/{application_id}/appeal",
        "/applications/mine/{application_id}/change/{code}",
        "/applications/mine/{application_id}/line-manager",
        "/applications/mine/{application_id}/company",
        "/applications/mine/{application_id}/company/{companion_id}/remove",
        "/applications/mine/{application_id}/company/{companion_id}/leave",
        "/applications/companions/{companion_id}/answer",
        "/applications/companions/{companion_id}/leave",
        "/applications/calls/{call_id}/apply",
        "/applications/calls/{call_id}/places/{kind}/wish",
        "/applications/mine/{application_id}/again",
        "/applications/mine/{application_id}/check",
        "/applications/mine/{application_id}/withdraw",
        "/applications/mine/{application_id}/{code}",
        "/applications/mine/{application_id}/{code}/draft",
        "/applications/available",
        "/applications/line-manager",
        "/applications/line-manager/renewal",
        "/applications/matches/{match_id}/incident",
        "/applications/register/proposals/{proposal_id}/take-back",
        "/applications/register/people/{person_id}/address",
        "/applications/account/address",
        "/applications/account/sessions/{browser_session_id}/end",
        "/applications/account/sessions/end-others",
        "/applications/cases/views",
        f"{API}/sessions/{{browser_session_id}}",
        f"{API}/sessions/end-others",
        "/applications/address/{token}",
        f"{API}/register/proposals/{{proposal_id}}/take-back",
        f"{API}/register/own-address",
        f"{API}/register/people/{{person_id}}/address",
        f"{API}/applications",
        f"{API}/applications/{{application_id}}/answers",
        f"{API}/applications/{{application_id}}/again",
        f"{API}/applications/{{application_id}}/submit",
        f"{API}/applications/{{application_id}}/withdraw",
        f"{API}/applications/{{application_id}}/change",
        f"{API}/applications/{{application_id}}/line-manager",
        f"{API}/applications/{{application_id}}/appeal",
        f"{API}/tickets",
        f"{API}/applications/{{application_id}}/companions",
        f"{API}/companions/{{companion_id}}/answer",
        f"{API}/companions/{{companion_id}}/leave",
        f"{API}/companions/{{companion_id}}/remove",
        f"{API}/offers/{{offer_id}}/available",
        f"{API}/mentors/{{mentor_id}}/available",
        f"{API}/matches/{{match_id}}/receipt",
        f"{API}/visits/{{visit_id}}/tickets",
        f"{API}/matches/{{match_id}}/incidents",
    ),
    "What a host or a mentor says of an own placement or profile.": (
        "/applications/offers/new",
        "/applications/offers/{offer_id}/edit",
        "/applications/offers/{offer_id}/copy",
        "/applications/offers/{offer_id}/withdraw",
        "/applications/offers/{offer_id}/{move}",
        "/applications/mentors/new",
        "/applications/mentors/{mentor_id}/edit",
        "/applications/mentors/{mentor_id}/{move}",
        f"{API}/offers",
        f"{API}/offers/{{offer_id}}",
        f"{API}/offers/{{offer_id}}/differences",
        f"{API}/offers/{{offer_id}}/copy",
        f"{API}/offers/{{offer_id}}/submit",
        f"{API}/offers/{{offer_id}}/publish",
        f"{API}/offers/{{offer_id}}/pause",
        f"{API}/offers/{{offer_id}}/resume",
        f"{API}/offers/{{offer_id}}/close",
        f"{API}/offers/{{offer_id}}/withdraw",
        f"{API}/mentors",
        f"{API}/mentors/{{mentor_id}}",
        f"{API}/mentors/{{mentor_id}}/publish",
        f"{API}/mentors/{{mentor_id}}/pause",
        f"{API}/mentors/{{mentor_id}}/resume",
        f"{API}/mentors/{{mentor_id}}/close",
    ),
    "Agreed between the two sides of a visit or a mentorship; nobody acts for both.": (
        "/applications/mentorships/{mentorship_id}/agreement/propose",
        "/applications/mentorships/{mentorship_id}/sign",
        "/applications/mentorships/{mentorship_id}/agreement/versions/{version}/take-back",
        "/applications/mentorships/{mentorship_id}/resume",
        "/applications/mentorships/{mentorship_id}/pause",
        "/applications/mentorships/{mentorship_id}/complete",
        "/applications/mentorships/{mentorship_id}/end",
        "/applications/mentorships/{mentorship_id}/goals",
        "/applications/mentorships/{mentorship_id}/goals/{goal_id}/notes",
        "/applications/mentorships/{mentorship_id}/goals/{goal_id}/close",
        "/applications/mentorships/{mentorship_id}/goals/{goal_id}/take-up",
        "/applications/mentorships/{mentorship_id}/meetings",
        "/applications/mentorships/{mentorship_id}/meetings/{meeting_id}",
        "/applications/mentorships/{mentorship_id}/meetings/{meeting_id}/cancel",
        "/applications/mentorships/{mentorship_id}/sessions",
        "/applications/mentorships/{mentorship_id}/sessions/{session_id}",
        "/applications/mentorships/{mentorship_id}/sessions/{session_id}/confirm",
        "/applications/mentorships/{mentorship_id}/sessions/{session_id}/dispute",
        "/applications/mentorships/{mentorship_id}/sessions/{session_id}/withdraw",
        "/applications/mentorships/{mentorship_id}/visit",
        "/applications/mentorships/{mentorship_id}/visit/{request_id}/answer",
        "/applications/mentorships/{mentorship_id}/visit/{request_id}/withdraw",
        "/applications/mentorships/{mentorship_id}/visits/{pair_visit_id}/cancel",
        f"{API}/mentorships/{{mentorship_id}}/sign",
        f"{API}/mentorships/{{mentorship_id}}/agreement",
        f"{API}/mentorships/{{mentorship_id}}/agreement/versions/{{version}}/take-back",
        f"{API}/mentorships/{{mentorship_id}}/pause",
        f"{API}/mentorships/{{mentorship_id}}/resume",
        f"{API}/mentorships/{{mentorship_id}}/end",
        f"{API}/mentorships/{{mentorship_id}}/visit",
        f"{API}/mentorships/{{mentorship_id}}/visit/{{request_id}}/answer",
        f"{API}/mentorships/{{mentorship_id}}/visit/{{request_id}}/withdraw",
        f"{API}/mentorships/{{mentorship_id}}/visits/{{pair_visit_id}}/cancel",
        f"{API}/mentorships/{{mentorship_id}}/tickets",
        f"{API}/mentorships/{{mentorship_id}}/goals",
        f"{API}/mentorships/{{mentorship_id}}/goals/{{goal_id}}/notes",
        f"{API}/mentorships/{{mentorship_id}}/goals/{{goal_id}}/close",
        f"{API}/mentorships/{{mentorship_id}}/goals/{{goal_id}}/take-up",
        f"{API}/mentorships/{{mentorship_id}}/meetings",
        f"{API}/mentorships/{{mentorship_id}}/meetings/{{meeting_id}}",
        f"{API}/mentorships/{{mentorship_id}}/meetings/{{meeting_id}}/cancel",
        f"{API}/mentorships/{{mentorship_id}}/sessions",
        f"{API}/mentorships/{{mentorship_id}}/sessions/{{session_id}}",
        f"{API}/mentorships/{{mentorship_id}}/sessions/{{session_id}}/confirm",
        f"{API}/mentorships/{{mentorship_id}}/sessions/{{session_id}}/dispute",
        f"{API}/mentorships/{{mentorship_id}}/sessions/{{session_id}}/withdraw",
        "/applications/visits/{visit_id}/agenda",
        "/applications/visits/{visit_id}/agenda/agree",
        "/applications/visits/{visit_id}/costs",
        "/applications/visits/{visit_id}/costs/{cost_id}",
        "/applications/visits/{visit_id}/costs/{cost_id}/remove",
        "/applications/visits/{visit_id}/preparation/visa",
        "/applications/visits/{visit_id}/preparation/insurance",
        "/applications/visits/{visit_id}/preparation/emergency_contact",
        "/applications/visits/{visit_id}/preparation/access_needs",
        "/applications/visits/{visit_id}/preparation/arrival",
        "/applications/visits/{visit_id}/emergency",
        f"{API}/visits/{{visit_id}}/agenda",
        f"{API}/visits/{{visit_id}}/agenda/agree",
        f"{API}/visits/{{visit_id}}/costs",
        f"{API}/visits/{{visit_id}}/costs/{{cost_id}}",
        f"{API}/visits/{{visit_id}}/emergency-contact",
    ),
    "No decision: technical, made out again as it was, or ended by those whom it binds.": (
        "/applications/certificates/{number}/renew",
        "/applications/verify",
        "/applications/dead-letters",
        "/applications/clock",
        f"{API}/clock",
        "/applications/register/deputies/end",
        f"{API}/register/deputies/end",
    ),
}
"""Routes that write and decide on no person, by the reason."""

_OF_COORDINATORS = frozenset({"/applications/offers/{offer_id}"})
"""Pages whose decisions are the coordinators': a host who wrote the placement has none to take there."""

_FINDERS = {path: finder for finder, paths in DECISIONS.items() for path in paths}
_ON_PAGES = _FINDERS | {path: finder for finder, paths in PAGES.items() for path in paths}


async def own_case_rule(request: Request, principal: Principal) -> str:
    """Return why the principal may not take the decision of a route, and who can; empty where nothing forbids it."""
    route = request.scope.get("route")
    finder = (_ON_PAGES if request.method in SAFE_METHODS else _FINDERS).get(template_of(route))
    if route is None or finder is None or not principal.has(*DECIDING):
        return ""
    offers_decisions = request.method in SAFE_METHODS and template_of(route) in _OF_COORDINATORS
    if offers_decisions and not principal.has(*COORDINATING):
        return ""
    async with service_of(request.app).bus.read() as session:
        case = await finder(session, request.path_params, principal)
        if case is None:
            return ""
        return await obstacle(session, principal.subject, case, access_of(route).roles)
