"""What needs me first? The portal's first page, for each role what waits for that role."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.actions.overview import match_views
from services.applications.actions.standing import case_of, standing
from services.applications.pages.matches import waits
from services.applications.store import applications as store
from services.applications.store import calls, offers, queue
from shared import clock
from shared.bus import Bus
from shared.contracts.codes import ApplicationState, CallState, MatchState, OfferState, Role
from shared.identity import Principal, signed_in
from shared.identity.scope import reach
from shared.service import bus_of
from shared.web import states
from shared.web.i18n import N_, gettext, ngettext
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)
SignedIn = Annotated[Principal, Depends(signed_in())]
Store = Annotated[Bus, Depends(bus_of)]

# Where each role goes on to: (roles, title, text, address).
_WAYS: tuple[tuple[frozenset[Role], str, str, str], ...] = (
    (
        frozenset({Role.OFFICER}),
        N_("Calls"),
        N_("What you can apply for, and what each call asks."),
        "/applications/calls",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR}),
        N_("Applications"),
        N_("The queue of those submitted, with filters, age and deadline."),
        "/applications/cases",
    ),
    (
        frozenset({Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Placements"),
        N_("Places that hosts offer, from draft to published."),
        "/applications/offers",
    ),
    (
        frozenset({Role.MENTOR}),
        N_("Your mentoring"),
        N_("What you offer to mentees, and how many."),
        "/applications/mentors",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.HOST_CONTACT,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Matches"),
        N_("What was proposed, to be cleared or answered."),
        "/applications/matches",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.HOST_CONTACT,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Visits"),
        N_("Who goes where and when; agenda and attendance."),
        "/applications/visits",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Mentorships"),
        N_("Agreement, goals and sessions."),
        "/applications/mentorships",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Eligibility"),
        N_("Confirm what the rules say about endorsed applications."),
        "/applications/eligibility",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Calls"),
        N_("Publish a call, look at it, close it."),
        "/applications/calls",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR}),
        N_("Register"),
        N_("Organisations, people, partners and funds."),
        "/applications/register",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Parked events"),
        N_("Events that could not be applied, to be tried again."),
        "/applications/parked",
    ),
    (
        frozenset(
            {
                Role.NATIONAL_COORDINATOR,
                Role.PROGRAMME_COORDINATOR,
                Role.AUDITOR,
                Role.DATA_PROTECTION_OFFICER,
            }
        ),
        N_("What was sent"),
        N_("Each message of the programme: to whom, when, why not; and what falls due."),
        "/notifications/",
    ),
    (
        frozenset({Role.DONOR, Role.EVALUATOR, Role.ANASPOC, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Figures"),
        N_("What was counted, and from what."),
        "/reporting/",
    ),
)
PROPOSED, OFFERED = MatchState.PROPOSED, MatchState.OFFERED
_WAITS_FOR_COORDINATOR = (ApplicationState.SUBMITTED, ApplicationState.RETURNED_FOR_INFORMATION)


@router.get("/")
async def home(request: Request, principal: SignedIn, bus: Store) -> Response:
    """The portal's first page."""
    async with bus.read() as session:
        mine = await store.of_officer(session, principal.subject) if principal.has(Role.OFFICER) else []
        cases = [case for one in mine[:20] if (case := await case_of(session, one.id)) is not None]
        open_calls = await calls.calls(session, state=CallState.PUBLISHED) if principal.has(Role.OFFICER) else []
        decides = principal.has(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR)
        found = await queue.counts(session, reach(principal), queue.Filters()) if decides else {}
        asked = sum(waits(view) for view in await match_views(session, principal, (PROPOSED, OFFERED)))
        places = await offers.within(
            session,
            organisation_ids=[UUID(one) for one in sorted(principal.organisations(Role.CLEARANCE_OFFICER))],
            countries=sorted(principal.countries(Role.NATIONAL_COORDINATOR)),
            states=[OfferState.SUBMITTED],
        )
    moment = clock.now()
    return render(
        request,
        "home.html",
        cases=[(case, standing(case)) for case in cases],
        open_calls=[call for call in open_calls if call.takes_applications(moment)],
        officer=principal.has(Role.OFFICER),
        counts=[
            *_counts(principal, found),
            *_asked(
                asked,
                ngettext("match waits for you", "matches wait for you", asked),
                "/applications/matches?state=waits",
            ),
            *_asked(
                len(places),
                ngettext("placement waits for your endorsement", "placements wait for your endorsement", len(places)),
                "/applications/offers?state=submitted",
            ),
        ],
        cards=_ways(principal),
        movable=clock.movable() and principal.has(Role.PROGRAMME_COORDINATOR),
        done=request.query_params.get("done"),
    )


def _counts(principal: Principal, found: dict[str, int]) -> list[dict[str, Any]]:
    """What waits for the reader, with the way to exactly those."""
    shown = []
    for code in _WAITS_FOR_COORDINATOR:
        if found.get(code):
            word = states.state("application", code).word
            shown.append(
                {"count": found[code], "name": word, "href": f"/applications/cases?state={code}", "tone": "wait"}
            )
    if principal.has(Role.PROGRAMME_COORDINATOR) and found.get(ApplicationState.ENDORSED):
        shown.append(
            {
                "count": found[ApplicationState.ENDORSED],
                "name": ngettext("waits for eligibility", "wait for eligibility", found[ApplicationState.ENDORSED]),
                "href": "/applications/eligibility",
                "tone": "wait",
            }
        )
    return shown


def _asked(count: int, name: str, address: str) -> list[dict[str, Any]]:
    """One more thing that waits for the reader, if there is any of it."""
    return [{"count": count, "name": name, "href": address, "tone": "wait"}] if count else []


def _ways(principal: Principal) -> list[dict[str, str]]:
    """Where the reader's roles lead, each address once."""
    ways = {
        address: {"title": gettext(title), "text": gettext(text), "href": address}
        for roles, title, text, address in _WAYS
        if principal.has(*roles)
    }
    return list(ways.values())
