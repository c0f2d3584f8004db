"""The pages of a match: list, details, clearance, answer.

The answer stands on the page of the match, so it is answered here and not by a `Decision`.
"""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.beside import done_address, following, list_context, present, said_about
from services.applications.display import SummaryRow, reason_word, tag
from services.applications.guards import Anyone, Counterpart, Decider, Participant
from services.applications.matches.actions import answers, clearance
from services.applications.matches.forms import AnswerForm
from services.applications.matches.model.clearance import MEANING
from services.applications.matches.pages.beside import HERE, KEEPS_MATCHES, matches_beside
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
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal, signed_in
from shared.next_steps import NextStep
from shared.time import clock, dates
from shared.web.lists import Cell, Column, Count, Empty, Link, Listing, Tick, list_page, state_counts
from shared.web.live import live_route
from shared.web.query import IdText, state_of
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/matches", include_in_schema=False)

_DECIDED = {
    "cleared": N_("Match %(reference)s is cleared. The next match in the list is open."),
    "refused": N_("You refused clearance of match %(reference)s. The next match in the list is open."),
    "answered": N_("We have received your answer about %(reference)s. The next match in the list is open."),
}
"""The sentences about a decided match on the page of the next one."""
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
    query = matches_beside(state, page).opened(page)
    return list_page(
        request,
        Listing(
            gettext("Matches"),
            HERE,
            _columns(),
            [_row(view, found.steps[view.match.id], query, ticks=ticks) for view in found.views],
            found.total,
            _empty(state),
            page=page,
            counts=state_counts("match", found.states, first=[waiting]),
            acts=[(act, gettext(what.button)) for act, what in ACTS.items()] if ticks else [],
            decide=f"{HERE}/clear",
            back="/applications/",
            legend="match",
            keys=True,
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
        return Empty(gettext("No match is in this state."), gettext("Show all"), HERE)
    return Empty(gettext("No matches yet. A match appears here as soon as it is proposed."))


def _row(view: MatchView, step: NextStep, query: str, *, ticks: bool) -> list[Cell]:
    match, due = view.match, step.due
    label = f"{view.case.application.reference} {applicant_name(view)}"
    box = Tick("match", str(match.id), label) if view.turn.mine else ""
    return [
        *([box] if ticks else []),
        Link(view.case.application.reference or str(match.id), f"{match_path(match.id)}?{query}"),
        applicant_name(view),
        labels.country(match.country),
        view.host.name if view.host else labels.country(match.host_country),
        labels.label(match.for_),
        tag("match", match.shown_state),
        gettext("You") if view.waits else step.holder or None,
        None if due is None else dates.due_day(due, clock.now()),
    ]


@router.get("/{match_id}", dependencies=[KEEPS_MATCHES])
async def show(request: Request, match_id: UUID, principal: Anyone, bus: BusDep, done_about: IdText = "") -> Response:
    """Show one match: its state, what the reader may know of the people, and what can be done now."""
    return await match_page(request, principal, bus, match_id, decided=done_about)


async def match_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    match_id: UUID,
    *,
    form: AnswerForm | None = None,
    status: int = 200,
    decided: str = "",
) -> Response:
    """Return the page of a match, with the answer form where an answer is awaited."""
    async with bus.read() as session:
        view = await match_view(session, principal, match_id)
        step = (await match_steps(session, [view]))[match_id]
        beside = await list_context(session, request, principal, match_id)
        done = request.query_params.get("done", "")
        said = await said_about(decided, _DECIDED.get(done, ""), partial(_reference, session, principal))
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
        topic=labels.topic(match.pairing.topic),
        people=[(labels.label(party), identity) for party, identity in view.known.items() if identity.name],
        place=placement_rows(view.offer.entry, {}, _PLACE) if view.offer else [],
        form_=form or AnswerForm(),
        may_cancel=match.stands is MatchState.CONFIRMED
        and (view.visit is None or view.visit.state in VISIT_AHEAD)
        and view.mentorship is None,
        mine=involved,
        meaning=gettext(MEANING),
        notice=view.turn.capacity.notice_for(principal) if view.turn.capacity is not None else None,
        receipt=tickets.receipt_for_host(view),
        mentor_rows=_mentor_rows(view),
        late=[party for party in view.case.parties if party in match.late],
        done=None if decided else done,
        decided=said,
        **beside,
    )


async def _reference(session: AsyncSession, principal: Principal, match_id: UUID) -> str:
    """Return the reference of a match that the principal may see. Raises `Refused` (404)."""
    return (await match_view(session, principal, match_id)).case.application.reference or ""


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


@router.post("/{match_id}/clear", dependencies=[KEEPS_MATCHES])
async def clear(request: Request, match_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Clear it for the side that the page showed."""
    side = str((await request.form()).get("side", ""))
    after = await following(request, bus, principal, match_id)
    await clearance.clear(bus, principal, match_id, Side(side) if side in list(Side) else None)
    after = await present(request, bus, principal, after)
    return see_other(done_address(request, match_path(match_id), match_id, "cleared", after))


@router.post("/{match_id}/answer", dependencies=[KEEPS_MATCHES])
async def answer(request: Request, match_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Answer it; the page then says that the answer has arrived."""
    form = await AnswerForm.read(request)
    if not form.validate():
        return await match_page(request, principal, bus, match_id, form=form, status=422)
    reply = Answer(form.answer.data)
    reason = StatedReason(form.reason.data) if reply is Answer.DECLINE else None
    after = await following(request, bus, principal, match_id)
    await answers.answer(bus, principal, match_id, reply, reason, form.text.data or "")
    after = await present(request, bus, principal, after)
    return see_other(done_address(request, match_path(match_id), match_id, "answered", after))
