"""The pages of a match: list, details, clearance, answer.

The answer stands on the page of the match, so it is answered here and not by a `Decision`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.display import SummaryRow, reason_word, tag, topic
from services.applications.guards import Anyone, Counterpart, Decider, Participant
from services.applications.matches.actions import answers, clearance
from services.applications.matches.forms import AnswerForm
from services.applications.matches.pages.bulk import ACTS
from services.applications.matches.views.names import applicant_name, match_path
from services.applications.mentors.views.mentor import rows as mentor_rows
from services.applications.outcomes.actions import tickets
from services.applications.overview.views.participation import WAITS, MatchView, match_list, match_steps, match_view
from services.applications.parameters import BusDep, Portal
from services.applications.placements.views.placement import rows as placement_rows
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import Answer, MatchState, Party, Side, StatedReason
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD
from shared.i18n import gettext, ngettext
from shared.identity import Principal, signed_in
from shared.next_steps import NextStep
from shared.time import clock, dates
from shared.web.lists import Cell, Column, Count, Empty, Link, Listing, Tick, list_page, state_counts
from shared.web.live import live_route
from shared.web.query import state_of
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/matches", include_in_schema=False)

_HERE = "/applications/matches"
_PLACE = ("unit", "city", "outline", "days", "languages", "costs_borne", "security")
"""The fields of a placement that help to answer or clear a match."""
router.add_api_route("/live", live_route("matches"), dependencies=[Depends(signed_in())])


@router.get("")
async def show_all(
    request: Request,
    principal: Anyone,
    bus: BusDep,
    state: Annotated[str, state_of("match", WAITS)] = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """Show the matches that concern the reader; those that wait for the reader have a filter of their own."""
    async with bus.read() as session:
        found = await match_list(session, principal, state, page)
    waiting = Count(
        found.waiting, ngettext("is waiting for you", "are waiting for you", found.waiting), f"?state={WAITS}", "wait"
    )
    ticks = any(view.turn.mine for view in found.views)
    return list_page(
        request,
        Listing(
            gettext("Matches"),
            _HERE,
            _columns(),
            [_row(view, found.steps[view.match.id], ticks=ticks) for view in found.views],
            found.total,
            _empty(state),
            page=page,
            counts=state_counts("match", found.states, first=[waiting]),
            acts=[(act, gettext(what.button)) for act, what in ACTS.items()] if ticks else [],
            decide=f"{_HERE}/clear",
            back="/applications/",
            legend="match",
        ),
        "matches/list.html",
    )


def _columns() -> list[Column]:
    return [
        Column(gettext("Reference")),
        Column(gettext("Applicant")),
        Column(gettext("From")),
        Column(gettext("Host")),
        Column(gettext("For")),
        Column(gettext("State")),
        Column(gettext("With")),
        Column(gettext("Due")),
    ]


def _empty(state: str) -> Empty:
    """Return why the list is empty."""
    if state:
        return Empty(gettext("No match is in this state."), gettext("Show all"), _HERE)
    return Empty(gettext("No matches yet. A match appears here as soon as it is proposed."))


def _row(view: MatchView, step: NextStep, *, ticks: bool) -> list[Cell]:
    match, due = view.match, step.due
    label = f"{view.case.application.reference} {applicant_name(view)}"
    box = Tick("match", str(match.id), label) if view.turn.mine else ""
    return [
        *([box] if ticks else []),
        Link(view.case.application.reference or str(match.id), match_path(match.id)),
        applicant_name(view),
        labels.country(match.country),
        view.host.name if view.host else labels.country(match.host_country),
        labels.label(match.for_),
        tag("match", match.shown_state),
        gettext("You") if view.waits else step.holder or None,
        None if due is None else f"{dates.day(due, short=True)} ({dates.relative(due, clock.today())})",
    ]


@router.get("/{match_id}")
async def show(request: Request, match_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Show one match: its state, what the reader may know of the people, and what can be done now."""
    return await match_page(request, principal, bus, match_id)


async def match_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    match_id: UUID,
    *,
    form: AnswerForm | None = None,
    status: int = 200,
) -> Response:
    """Return the page of a match, with the answer form where an answer is awaited."""
    async with bus.read() as session:
        view = await match_view(session, principal, match_id)
        step = (await match_steps(session, [view]))[match_id]
    match = view.match
    coordinators = {Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME}
    involved = bool(view.case.parties - coordinators)
    return render(
        request,
        "matches/show.html",
        status,
        view=view,
        match=match,
        where=Standing(
            state("match", match.shown_state),
            match.since,
            step.due,
            step.holder,
            step.step,
            reason=reason_word(match.reason) or None,
        ),
        who=applicant_name(view),
        topic=topic(match.pairing.topic),
        people=[(labels.label(party), identity) for party, identity in view.known.items() if identity.name],
        place=placement_rows(view.offer.entry, {}, _PLACE) if view.offer else [],
        form_=form or AnswerForm(),
        may_cancel=match.stands is MatchState.CONFIRMED
        and (view.visit is None or view.visit.state in VISIT_AHEAD)
        and view.mentorship is None,
        mine=involved,
        notice=view.turn.capacity.notice_for(principal) if view.turn.capacity is not None else None,
        receipt=tickets.receipt_for_host(view),
        mentor_rows=_mentor_rows(view),
        late=[party for party in view.case.parties if party in match.late],
        done=request.query_params.get("done"),
    )


def _mentor_rows(view: MatchView) -> list[SummaryRow]:
    """Return what the reader may know of the mentor: all in the mentor's country, a mentee the text once named."""
    mentor = view.case.mentor
    if mentor is None:
        return []
    home = bool({Party.MENTOR, Party.HOST_COORDINATOR} & view.case.parties)
    identity = view.known.get(Party.MENTOR)
    return mentor_rows(mentor.entry, own=home, about=home or bool(identity and identity.name))


@router.get("/{match_id}/receipt")
async def open_receipt(match_id: UUID, principal: Counterpart, bus: BusDep, settings: Portal) -> Response:
    """Redirect to matching's receipt, with a ticket for the host's or the mentor's part of it."""
    return see_other((await tickets.for_host(bus, settings, principal, match_id)).link)


@router.post("/{match_id}/clear")
async def clear(request: Request, match_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Clear it for the side that the page showed."""
    side = str((await request.form()).get("side", ""))
    await clearance.clear(bus, principal, match_id, Side(side) if side in list(Side) else None)
    return see_other(match_path(match_id) + "?done=cleared")


@router.post("/{match_id}/answer")
async def answer(request: Request, match_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Answer it; the page then says that the answer has arrived."""
    form = await AnswerForm.read(request)
    if not form.validate():
        return await match_page(request, principal, bus, match_id, form=form, status=422)
    reply = Answer(form.answer.data)
    reason = StatedReason(form.reason.data) if reply is Answer.DECLINE else None
    await answers.answer(bus, principal, match_id, reply, reason, form.text.data or "")
    return see_other(match_path(match_id) + "?done=answered")
