"""The pages of single cases: a filtered list, and each application with its receipt."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.activity import views as activity_views
from services.matching.board.views import filter_of
from services.matching.cohorts import views as cohorts_views
from services.matching.facts.store import facts as store
from services.matching.filters import COORDINATORS, call_filter, call_of
from services.matching.lifecycle.store import matches
from services.matching.overview.store import board
from services.matching.overview.store.board import WAITING, Narrowed
from services.matching.parameters import BusDep
from services.matching.provisional.store import replacements
from services.matching.receipts import views as receipts_views
from services.matching.settings import Settings
from shared.contracts import labels
from shared.contracts.applications import ApplicationProfile
from shared.contracts.calls import CallTerms
from shared.contracts.codes import COUNTRIES, ApplicationKind, CallState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.runtime.service import service_of
from shared.time import dates
from shared.web.render import render, see_other
from shared.web.states import Standing, states

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/applications")
async def applications(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the cases by filter, 50 a page."""
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        wanted = filter_of(request, call)
        rows, total = await board.cases(session, reach(who), wanted)
    return render(
        request,
        "board/cases.html",
        rows=rows,
        total=total,
        wanted=wanted,
        filters=[call_filter(calls, call), *_filters(wanted)],
        stage=cohorts_views.stage,
        reason=cohorts_views.reason,
    )


def _filters(wanted: Any) -> list[dict[str, Any]]:
    stages = [
        (f"{kind}:{one.code}", one.word)
        for kind in ("application", "match", "visit", "mentorship")
        for one in states(kind)
        if (kind, one.code) not in _NEVER_SHOWN
    ]
    return [
        {"name": "stage", "label": gettext("Where it stands"), "options": stages, "value": wanted.stage},
        {
            "name": "country",
            "label": gettext("Country"),
            "options": [(code, labels.country(code)) for code in COUNTRIES],
            "value": wanted.country,
        },
        {
            "name": "kind",
            "label": gettext("Kind"),
            "options": [(one.value, labels.label(one)) for one in ApplicationKind],
            "value": wanted.kind,
        },
        {"name": "search", "label": gettext("Reference begins with"), "value": wanted.search},
    ]


_NEVER_SHOWN = (
    {
        ("application", code)
        for code in (
            "draft",
            "eligible",
            "matched",
            "offered",
            "accepted",
            "scheduled",
            "under_way",
            "completed",
            "ended",
        )
    }
    | {
        ("match", code)
        for code in (
            "declined",
            "expired",
            "superseded",
            "cancelled",
            "confirmed",
            "reserve_proposed",
            "reserve_cleared",
        )
    }
    | {("visit", code) for code in ("agenda_agreed", "move_proposed")}
)


@router.get("/matches/{match_id}")
async def match(bus: BusDep, who: Coordinator, match_id: UUID) -> Response:
    """Redirect a match to its application's page, which has the whole history."""
    async with bus.read() as session:
        found, _ = await matches.listed(session, reach(who), match_id=match_id)
    if not found:
        raise _none()
    return see_other(f"/matching/applications/{found[0].pairing.application_id}")


@router.get("/applications/{application_id}")
async def application(request: Request, bus: BusDep, who: Coordinator, application_id: UUID) -> Response:
    """Show one application: its stage, receipt, matches and history."""
    within = reach(who)
    case = await receipts_views.case(bus, within, application_id)
    if case is None:
        raise _none()
    settings = service_of(request).settings
    effort = settings.receipt_effort if isinstance(settings, Settings) else 0
    published = None
    provisional = case.row.match_id is None and case.row.application_state == "eligible"
    if provisional:
        published = await receipts_views.provisional_receipt(bus, case.candidate, effort=effort)
    if published is None:
        published, provisional = await receipts_views.published_receipt(bus, application_id), False
    in_line = await receipts_views.waiting_places(bus, application_id)
    async with bus.read() as session:
        call = (await store.calls(session, [case.candidate.call_id])).get(case.candidate.call_id)
        named = {one.offer_id or one.mentor_id for one in published.counterfactuals} if published else set()
        named |= {UUID(one.seat_id) for one in in_line}
        seats = await store.seats(session, {one for one in named if one})
        story = await board.stream(session, within, Narrowed(application=application_id), limit=100)
        ids = {case.candidate.organisation_id, *(seat.organisation_id for seat in case.seats.values())}
        organisations = await store.organisation_names(session, ids)
        both_ways = await replacements.both_ways(session, within, [one.id for one in case.visits])
    terms = CallTerms.model_validate(call.terms) if call else None
    scheme, notice = (terms.scheme, terms.timers.notice_weeks) if terms else ("", 0)
    profile = ApplicationProfile.model_validate(case.candidate.profile)
    return render(
        request,
        "board/case.html",
        case=case,
        call=call,
        where=_standing(case),
        facts=_facts(profile, scheme, organisations),
        receipt=cohorts_views.receipt(published, case.seats | seats, scheme, side="both") if published else None,
        provisional=provisional,
        lines=[activity_views.line(row) for row in story],
        stage=cohorts_views.stage,
        match_stage=cohorts_views.match_stage,
        replacements={id_: cohorts_views.replacement(row, notice) for id_, row in both_ways.items()},
        replaces={id_: cohorts_views.replaces(row) for id_, row in both_ways.items()},
        reserve=next((one for one in case.matches if one.in_reserve), None),
        organisations=organisations,
        mentees_goals=None,
        waiting=cohorts_views.waiting(in_line, seats),
        may_override=within.everything
        and call is not None
        and call.state != CallState.CLOSED
        and case.row.application_state == "eligible"
        and case.row.match_state != "confirmed",
    )


def _standing(case: receipts_views.Case) -> Standing:
    """Return the present stage, for the top of the page."""
    row = case.row
    state = cohorts_views.stage(row.stage_kind, row.stage)
    reason = None
    if row.stage in WAITING:
        reason = cohorts_views.reason(row.why, row.rule)
    due = row.due if row.match_state in {"proposed", "offered"} else None
    holder = None
    if row.match_state == "proposed":
        home = case.matches[0].home_cleared
        country = labels.country(row.host_country if home else row.country)
        holder = gettext("National coordinator, %(country)s") % {"country": country}
    return Standing(state, since=row.since, due=due, holder=holder, reason=reason)


def _facts(profile: ApplicationProfile, scheme: str, organisations: Any) -> list[dict[str, Any]]:
    """Return the facts that the matching uses; restricted expertise is not named."""
    return [
        {"key": gettext("Kind"), "value": labels.label(profile.kind)},
        {"key": gettext("Country"), "value": labels.country(profile.country)},
        {"key": gettext("Organisation"), "value": organisations.get(profile.organisation_id)},
        {"key": gettext("Service"), "value": labels.label(profile.service)},
        {"key": gettext("Rank group"), "value": labels.label(profile.rank_group)},
        {
            "key": gettext("Languages"),
            "value": ", ".join(f"{labels.tongue(one.language)} {one.level.label}" for one in profile.languages),
        },
        {
            "key": gettext("Expertise"),
            "value": ", ".join(dict.fromkeys(f"{cohorts_views.area(one.area)}" for one in profile.expertise)),
        },
        {
            "key": gettext("Topics, in order"),
            "value": ", ".join(cohorts_views.topic(one, scheme) for one in profile.topics),
        },
        {
            "key": gettext("Possible periods"),
            "value": "; ".join(dates.span(one.start, one.end) for one in profile.periods),
        },
        {"key": gettext("First participation"), "value": gettext("yes") if profile.first_time else gettext("no")},
    ]


def _none() -> Refused:
    return Refused(gettext("There is no such application, or it is not of your country."), 404)
