"""What do both countries and both sides see and do about a match: clear it, answer it, cancel it?"""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.display import reason_word, state_counts, tag, topic
from services.applications.forms import ReasonForm
from services.applications.guards import Anyone, Counterpart, Decider, Participant
from services.applications.matches.actions import answers, clearance
from services.applications.matches.forms import AnswerForm
from services.applications.matches.views.names import applicant_name
from services.applications.mentors.views import rows as mentor_rows
from services.applications.outcomes.actions import tickets
from services.applications.overview.views.participation import WAITS, MatchView, match_list, match_view
from services.applications.parameters import BusDep, Portal
from services.applications.placements.views import rows as placement_rows
from services.applications.tables import PAGE
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import Answer, MatchState, Party, Side, StatedReason
from shared.i18n import gettext, ngettext
from shared.identity import Principal, signed_in
from shared.time import clock, dates
from shared.web.live import live_route
from shared.web.render import render, see_other
from shared.web.states import Standing, State, state

router = APIRouter(prefix="/applications/matches", include_in_schema=False)


_PLACE = ("unit", "city", "outline", "days", "languages", "costs_borne", "security")
"""What of a placement whoever answers or clears should know."""
router.add_api_route("/live", live_route("matches"), dependencies=[Depends(signed_in())])


def at(match_id: UUID, rest: str = "") -> str:
    """The address of a match, or of a page of it."""
    return f"/applications/matches/{match_id}" + (f"/{rest}" if rest else "")


@router.get("")
async def show_all(
    request: Request,
    principal: Anyone,
    bus: BusDep,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """The matches that concern the reader; those that wait for the reader are a filter of their own."""
    async with bus.read() as session:
        found = await match_list(session, principal, state, page)
    waiting = (WAITS, found.waiting, ngettext("waits for you", "wait for you", found.waiting), "wait")
    ticks = any(view.turn.mine for view in found.views)
    return render(
        request,
        "matches/list.html",
        rows=[_row(view, ticks=ticks) for view in found.views],
        ticks=ticks,
        total=found.total,
        page=page,
        size=PAGE,
        counts=state_counts("match", found.states, waiting),
    )


def _row(view: MatchView, *, ticks: bool) -> list[Any]:
    match = view.match
    due = view.turn.due or match.due
    label = f"{view.case.application.reference} {applicant_name(view)}"
    box = {"tick": "match", "value": match.id, "label": label, "ticked": False} if view.turn.mine else ""
    return [
        *([box] if ticks else []),
        {"text": view.case.application.reference or str(match.id), "href": at(match.id)},
        applicant_name(view),
        labels.country(match.country),
        view.host.name if view.host else labels.country(match.host_country),
        labels.label(match.for_),
        tag("match", match.shown_state),
        gettext("You") if view.waits else _holder(view) or None,
        None if due is None else f"{dates.day(due, short=True)} ({dates.relative(due, clock.today())})",
    ]


def _holder(view: MatchView) -> str:
    """Who has the match now."""
    if view.turn.side is Side.HOME:
        return labels.coordinator(view.match.country)
    if view.turn.side is Side.HOST:
        return labels.coordinator(view.match.host_country)
    if view.match.stands is MatchState.OFFERED:
        open_ = [labels.label(party) for party in view.case.sides if party not in view.answers]
        return ", ".join(open_) or gettext("Matching")
    return _shown(view).holder


def _shown(view: MatchView) -> State:
    """Its state; once the visit or the mentorship is there, that says who has it and what comes next."""
    found = state("match", view.match.shown_state)
    came = view.visit is not None or view.mentorship is not None
    return replace(found, holder_="", next_="") if came else found


@router.get("/{match_id}")
async def show(request: Request, match_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """One match: where it stands, what may be known of whom, and what can be done now."""
    return await page_of(request, principal, bus, match_id)


async def page_of(
    request: Request,
    principal: Principal,
    bus: Bus,
    match_id: UUID,
    *,
    form: AnswerForm | None = None,
    status: int = 200,
) -> Response:
    """The page of a match, with the answer's form where one is asked for."""
    async with bus.read() as session:
        view = await match_view(session, principal, match_id)
    match = view.match
    due = view.turn.due or match.due
    coordinators = {Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME}
    involved = bool(view.case.parties - coordinators)
    return render(
        request,
        "matches/show.html",
        status,
        view=view,
        match=match,
        where=Standing(
            _shown(view),
            match.since,
            due,
            _holder(view),
            reason=reason_word(match.reason) or None,
        ),
        who=applicant_name(view),
        topic=topic(match.pairing.topic),
        people=[(labels.label(party), known) for party, known in view.known.items() if known.name],
        place=placement_rows(view.offer.entry, {}, _PLACE) if view.offer else [],
        form_=form or AnswerForm(),
        may_cancel=match.stands is MatchState.CONFIRMED
        and (view.visit is None or view.visit.state in {"scheduled", "unschedulable"})
        and view.mentorship is None,
        mine=involved,
        asked=view.turn.hands.notice_for(principal) if view.turn.hands is not None else None,
        receipt=tickets.receipt_for_host(view),
        mentor_rows=_mentor(view),
        late=[party for party in view.case.parties if party in match.late],
        done=request.query_params.get("done"),
    )


def _mentor(view: MatchView) -> list[dict[str, Any]]:
    """What the reader may know of the mentor: the own country all, a mentee the words once there is a name."""
    mentor = view.case.mentor
    if mentor is None:
        return []
    home = bool({Party.MENTOR, Party.HOST_COORDINATOR} & view.case.parties)
    known = view.known.get(Party.MENTOR)
    return mentor_rows(mentor.entry, own=home, about=home or bool(known and known.name))


@router.get("/{match_id}/receipt")
async def open_receipt(match_id: UUID, principal: Counterpart, bus: BusDep, settings: Portal) -> Response:
    """On to matching's receipt, with a ticket for the host's or the mentor's part of it."""
    return see_other((await tickets.for_host(bus, settings, principal, match_id)).link)


@router.post("/{match_id}/clear")
async def clear(request: Request, match_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Clear it for the side whose turn the page showed."""
    side = str((await request.form()).get("side", ""))
    await clearance.clear(bus, principal, match_id, Side(side) if side in list(Side) else None)
    return see_other(at(match_id) + "?done=cleared")


@router.get("/{match_id}/refuse")
async def ask_refuse(request: Request, match_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask why."""
    return await _refuse_page(request, principal, bus, match_id, ReasonForm())


async def _refuse_page(
    request: Request, principal: Principal, bus: Bus, match_id: UUID, form: ReasonForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await match_view(session, principal, match_id)
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=view.case.application.reference,
        title=gettext("Do not clear this match"),
        text=gettext(
            "The match is cancelled and another place is looked for. "
            "Reasons of health and clearance are passed on as personal."
        ),
        back_href=at(match_id),
        button=gettext("Do not clear it"),
    )


@router.post("/{match_id}/refuse")
async def refuse(request: Request, match_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Do not clear it."""
    form = await ReasonForm.read(request)
    if not form.validate():
        return await _refuse_page(request, principal, bus, match_id, form, 422)
    await clearance.refuse(bus, principal, match_id, StatedReason(form.reason.data), form.text.data or "")
    return see_other(at(match_id) + "?done=refused")


@router.post("/{match_id}/answer")
async def answer(request: Request, match_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Answer it: the page then says that the answer has arrived."""
    form = await AnswerForm.read(request)
    declines = form.answer.data == Answer.DECLINE
    if not form.validate() or (declines and not form.reason.data):
        if declines and not form.reason.data:
            form.refuse("reason", gettext("Choose why you decline"))
        return await page_of(request, principal, bus, match_id, form=form, status=422)
    reason = StatedReason(form.reason.data) if declines else None
    await answers.answer(bus, principal, match_id, Answer(form.answer.data), reason, form.text.data or "")
    return see_other(at(match_id) + "?done=answered")


@router.get("/{match_id}/cancel")
async def ask_cancel(request: Request, match_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Ask why."""
    return await _cancel_page(request, principal, bus, match_id, ReasonForm())


async def _cancel_page(
    request: Request, principal: Principal, bus: Bus, match_id: UUID, form: ReasonForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await match_view(session, principal, match_id)
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=view.case.application.reference,
        title=gettext("Ask that it be cancelled"),
        text=_what_becomes(view),
        back_href=at(match_id),
        button=gettext("Ask to cancel"),
    )


def _what_becomes(view: MatchView) -> str:
    """What follows from cancelling, by whoever reads it (decision 0012)."""
    told = gettext("The other side is told, with the reason. The place goes to the next in line.")
    if view.case.sides[0] in view.case.parties:
        return told + " " + gettext("Your application ends with it.")
    return told + " " + gettext("While the call is open, the application looks for another place.")


@router.post("/{match_id}/cancel")
async def cancel(request: Request, match_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Ask that a confirmed match be cancelled."""
    form = await ReasonForm.read(request)
    if not form.validate():
        return await _cancel_page(request, principal, bus, match_id, form, 422)
    await answers.cancel(bus, principal, match_id, StatedReason(form.reason.data), form.text.data or "")
    return see_other(at(match_id) + "?done=cancel")
