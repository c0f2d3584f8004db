"""The portal's first page: for each role what waits for it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.access.store import deciders_on as held_on
from services.applications.application.store import applications as store
from services.applications.application.views import companions
from services.applications.application.views.outcome_tasks import outcome_tasks
from services.applications.application.views.standing import Case, case_of, standing
from services.applications.calls import store as calls_store
from services.applications.desk.views import role_links
from services.applications.guards import SignedIn
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.views.mentorship import MATCH_STATES, mentorship_rows
from services.applications.outcomes.views import pair_results_asked, results_asked
from services.applications.oversight.views import incidents
from services.applications.overview.model import QueueFilters
from services.applications.overview.store import queue
from services.applications.overview.views.participation import match_views
from services.applications.parameters import BusDep, Portal
from services.applications.partners import views as partners_views
from services.applications.partners.store import DecidedCase
from services.applications.placements import store as placements_store
from services.applications.preparation import views as preparation_views
from services.applications.register.store import entries
from services.applications.register.views.waiting import waiting_counts
from services.applications.review import store as review_store
from services.applications.visibility import visibility_of
from services.applications.visits.views.attendance import guests
from shared.contracts.codes import ApplicationState, CallState, MatchState, MentorState, OfferState, Role
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.time import clock
from shared.web import states
from shared.web.render import render
from shared.web.states import Standing

router = APIRouter(prefix="/applications", include_in_schema=False)


PROPOSED, OFFERED = MatchState.PROPOSED, MatchState.OFFERED


@router.get("/")
async def home(request: Request, principal: SignedIn, bus: BusDep, settings: Portal) -> Response:
    """Show the portal's first page."""
    async with bus.read() as session:
        own_applications = await store.of_officer(session, principal.subject) if principal.has(Role.OFFICER) else []
        cases = [
            case
            for application in own_applications[:20]
            if (case := await case_of(session, application.id)) is not None
        ]
        forms = [(case, await _forms(session, principal, case)) for case in cases]
        open_calls = await calls_store.calls(session, state=CallState.PUBLISHED) if principal.has(Role.OFFICER) else []
        queue_figures, appealed = None, 0
        deciders = await held_on(session, clock.today())
        decides = principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)
        if decides:
            reader = queue.Reader(principal, clock.now(), deciders)
            queue_figures = await queue.figures(session, reader, QueueFilters())
            _, appealed = await review_store.within(session, principal, "waits", 1)
        waiting_matches = sum(view.waits for view in await match_views(session, principal, (PROPOSED, OFFERED)))
        reports = await incidents.count_waiting(session, principal)
        pair = principal.has(Role.OFFICER, Role.MENTOR)
        agreed = await match_views(session, principal, MATCH_STATES if pair else (MatchState.CONFIRMED,))
        confirmed = [view for view in agreed if view.match.stands is MatchState.CONFIRMED]
        unready = len(
            await preparation_views.visits_to_prepare(session, [(view.case, view.visit) for view in confirmed])
        )
        results = len(await results_asked(session, confirmed))
        pair_results = len(await pair_results_asked(session, confirmed))
        pairs = await mentorship_rows(session, principal, agreed) if pair else []
        profiles = await mentors_store.of_subject(session, principal.subject) if principal.has(Role.MENTOR) else []
        resting = sum(profile.stands is MentorState.PAUSED for profile in profiles)
        named = 0
        if principal.has(Role.OFFICER, Role.HOST_CONTACT, Role.MENTOR):
            named = await companions.count_waiting(session, principal)
        places = paused = 0
        if decides or principal.has(Role.HOST_CONTACT):
            placed = await placements_store.counts(
                session, visibility_of(principal), placements_store.Filters(), clock.now(), deciders
            )
            places = placed[placements_store.WAITS]
            paused = placed.get(OfferState.PAUSED, 0) if principal.has(Role.HOST_CONTACT) else 0
        missing = sum(len(guest.missing) for guest in await guests(session, principal, confirmed))
        continuing = await partners_views.continuing_cases(session, principal) if principal.suspended else []
        of_register = await waiting_counts(session, principal, settings) if decides else []
        me = await entries.person(session, principal.subject)
    moment, waiting = clock.now(), sum(bool(row.pending) for row in pairs)
    return render(
        request,
        "desk/home.html",
        cases=sorted(((case, standing(case)) for case in cases), key=_sort_key),
        mine_waits=any(case.shown_state in _WAITS_FOR_OFFICER for case in cases),
        open_calls=[call for call in open_calls if call.takes_applications(moment)],
        officer=principal.has(Role.OFFICER),
        counts=[
            *(_counts(principal, queue_figures, appealed) if queue_figures is not None else []),
            *(row for case, left in forms for row in _form_figures(case, left)),
            *_figure(
                unready,
                ngettext(
                    "visit needs something of you before travel", "visits need something of you before travel", unready
                ),
                "/applications/visits?state=unready",
            ),
            *_figure(
                results,
                ngettext("visit waits for what came of it", "visits wait for what came of them", results),
                "/applications/visits?state=results",
            ),
            *_figure(
                pair_results,
                ngettext(
                    "mentorship waits for what came of it", "mentorships wait for what came of them", pair_results
                ),
                "/applications/mentorships?state=results",
            ),
            *_figure(
                reports,
                ngettext("incident report waits for you", "incident reports wait for you", reports),
                "/applications/incidents?state=reported",
            ),
            *_figure(
                waiting_matches,
                ngettext("match waits for you", "matches wait for you", waiting_matches),
                "/applications/matches?state=waits",
            ),
            *_figure(
                named,
                ngettext("has named you: say yes or no", "have named you: say yes or no", named),
                "/applications/companions",
            ),
            *_figure(
                waiting,
                ngettext("mentorship waits for you", "mentorships wait for you", waiting),
                "/applications/mentorships?state=waits",
            ),
            *_figure(
                missing,
                ngettext("day of attendance is not recorded", "days of attendance are not recorded", missing),
                "/applications/visits/attendance",
            ),
            *_figure(
                places,
                ngettext("placement waits for you", "placements wait for you", places),
                f"/applications/offers?state={placements_store.WAITS}",
            ),
            *_figure(
                paused,
                ngettext("placement waits until you resume it", "placements wait until you resume them", paused),
                "/applications/offers?state=paused",
            ),
            *_figure(
                resting,
                ngettext("profile waits until you resume it", "profiles wait until you resume them", resting),
                "/applications/mentors",
            ),
            *of_register,
        ],
        address_waits=me is not None and me.unconfirmed_address is not None,
        cards=role_links(principal),
        going_on=[(one.reference, _case_address(one), one.ends_on) for one in continuing],
        movable=clock.movable() and principal.has(Role.PROGRAMME_COORDINATOR),
        done=request.query_params.get("done"),
    )


# Once a visit has its dates, forms of reporting can be asked for (the test before it); before that none is.
_FORMS = (ApplicationState.SCHEDULED, ApplicationState.UNDER_WAY, ApplicationState.COMPLETED, ApplicationState.ENDED)


async def _forms(session: AsyncSession, principal: Principal, case: Case) -> int:
    """Return how many forms about the outcomes of the application the officer has still to fill in."""
    if case.shown_state not in _FORMS:
        return 0
    tasks = await outcome_tasks(session, principal, case.application.id)
    return sum(task["waits"] for task in tasks)


def _form_figures(case: Case, count: int) -> list[dict[str, Any]]:
    name = ngettext("form to fill in: %(reference)s", "forms to fill in: %(reference)s", count)
    text = name % {"reference": case.application.reference}
    return _figure(count, text, f"/applications/mine/{case.application.id}")


# What waits for the officer, the most pressing first; after that what is on its way, then what is over.
_WAITS_FOR_OFFICER = (ApplicationState.RETURNED_FOR_INFORMATION, ApplicationState.OFFERED, ApplicationState.DRAFT)


def _sort_key(item: tuple[Case, Standing]) -> tuple[int, datetime]:
    """Return the sort key of an officer's application: what waits for the officer, by deadline; the rest by age."""
    case, where = item
    state = case.shown_state
    far = datetime.max.replace(tzinfo=UTC)
    if state in _WAITS_FOR_OFFICER:
        due = where.due if isinstance(where.due, datetime) else far
        return _WAITS_FOR_OFFICER.index(state), due
    return len(_WAITS_FOR_OFFICER) + (not where.state.next), far - (case.application.since - _EPOCH)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _case_address(case: DecidedCase) -> str:
    """Return the address of a continuing case: the match, with all that followed from it, or the application."""
    if case.match_id is None:
        return f"/applications/mine/{case.application_id}"
    return f"/applications/matches/{case.match_id}"


def _counts(principal: Principal, found: queue.Figures, appealed: int) -> list[dict[str, Any]]:
    """Return the figures of the queue that wait for the reader or are urgent, each with a link to its rows."""
    rows = []
    if principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER):
        own = found.needs
        name = ngettext("application waits for your decision", "applications wait for your decision", own)
        rows += _figure(own, name, "/applications/cases?needs=me")
    if principal.has(Role.PROGRAMME_COORDINATOR):
        endorsed, silence = found.states.get(ApplicationState.ENDORSED, 0), found.silence
        name = ngettext("waits for eligibility", "wait for eligibility", endorsed)
        rows += _figure(endorsed, name, "/applications/eligibility")
        rows += _figure(silence, gettext("came to you by silence"), "/applications/cases?needs=silence")
    name = ngettext("appeal waits for you", "appeals wait for you", appealed)
    rows += _figure(appealed, name, "/applications/appeals?state=waits")
    rows += _figure(found.overdue, gettext("overdue"), "/applications/cases?due=overdue")
    returned = found.states.get(ApplicationState.RETURNED_FOR_INFORMATION, 0)
    word = states.state("application", ApplicationState.RETURNED_FOR_INFORMATION).word
    if returned:
        rows.append(
            {
                "count": returned,
                "name": word,
                "href": "/applications/cases?state=returned_for_information",
                "tone": "office",
            }
        )  # fmt: skip - as above
    return rows


def _figure(count: int, name: str, address: str) -> list[dict[str, Any]]:
    """Return one figure for what waits for the reader; empty for zero."""
    return [{"count": count, "name": name, "href": address, "tone": "wait"}] if count else []
