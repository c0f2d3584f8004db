"""The pages of mentors' profiles: your profiles, the mentors of a country, one profile and its form.

A profile is saved as a draft with rows, and a revision is previewed, so it is no `Decision`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.applications import transitions
from services.applications.display import cause_word, entry_changes, tag
from services.applications.fields import Reading
from services.applications.forms import CONTROL_FIELDS, refuse
from services.applications.guards import Decider, Mentor, MentorOrDecider
from services.applications.mentors import actions
from services.applications.mentors.forms import BaseMentorForm, MentorForm
from services.applications.mentors.model import MentorEntry
from services.applications.mentors.views.lists import (
    ASKED,
    Filters,
    ListedMentor,
    MentorCounts,
    country_list,
    own_list,
)
from services.applications.mentors.views.mentor import FormContext, MentorDetails, edit_form, mentor_details, rows
from services.applications.mentors.views.mentor import Mentor as MentorProfile
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts import mentors as mentor_events
from shared.contracts.codes import MentorState
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.ids import read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.form_versions import show_both
from shared.web.lists import Cell, Column, Count, Empty, Filter, Link, Listing, list_page, state_counts
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/mentors", include_in_schema=False)
_COUNTRY = "/applications/mentors/country"

_ACTIONS = {
    "publish": actions.publish,
    "available": actions.confirm,
    "pause": actions.pause,
    "resume": actions.resume,
    "close": actions.close,
}
_EVENTS: dict[str, type[mentor_events.MentorEvent]] = {
    "publish": mentor_events.MentorPublished,
    "pause": mentor_events.MentorPaused,
    "resume": mentor_events.MentorResumed,
    "close": mentor_events.MentorClosed,
}


def mentor_path(mentor_id: UUID, rest: str = "") -> str:
    """Return the address of a profile, or of a page of it."""
    return f"/applications/mentors/{mentor_id}" + (f"/{rest}" if rest else "")


@router.get("")
async def show_all(request: Request, principal: Mentor, bus: BusDep) -> Response:
    """Show the reader's profiles, and the calls for which there is none yet."""
    async with bus.read() as session:
        found = await own_list(session, principal)
    return list_page(
        request,
        Listing(
            gettext("Your mentoring"),
            "/applications/mentors",
            [
                Column(gettext("Reference")),
                Column(gettext("Call")),
                Column(gettext("State")),
                Column(gettext("Mentees"), numeric=True),
                Column(gettext("Since")),
            ],
            [_own_row(mentor, call_title) for mentor, call_title in found.rows],
            len(found.rows),
            Empty(gettext("You have no profile yet. No call is open for mentors now.")),
            back="/applications/",
            legend="mentor",
        ),
        "mentors/list.html",
        open_calls=found.open_calls,
    )


def _own_row(mentor: MentorProfile, call_title: str) -> list[Cell]:
    return [
        Link(mentor.reference, mentor_path(mentor.id)),
        call_title,
        tag("mentor", mentor.state),
        mentor.entry.capacity,
        dates.day(mentor.since, short=True),
    ]


@router.post("/new")
async def begin(principal: Mentor, bus: BusDep, call: UUID) -> Response:
    """Begin a profile for a call, or continue the existing one."""
    mentor = await actions.begin(bus, principal, call, MentorEntry())
    rest = "edit" if mentor.stands is MentorState.DRAFT else ""
    return see_other(mentor_path(mentor.id, rest))


@router.get("/country")
async def show_country(
    request: Request,
    principal: Decider,
    bus: BusDep,
    state: str = "",
    call: str = "",
    q: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show a coordinator the mentors of the country: their states, and how many mentees each has."""
    async with bus.read() as session:
        filters = Filters(state or None, read_id(call), None, q.strip() or None)
        found = await country_list(session, principal, filters, page)
    of_state = [
        (state_word.code, state_word.word)
        for state_word in states.states("mentor")
        if state_word.code != MentorState.DRAFT
    ]
    silent = (ASKED, gettext("Availability check sent"))
    return list_page(
        request,
        Listing(
            gettext("Mentors"),
            _COUNTRY,
            _columns(),
            [_row(row) for row in found.rows],
            found.total,
            Empty(gettext("No mentor has published a profile yet. Profiles appear here when they are published.")),
            gettext("No mentor fits these filters."),
            page=page,
            counts=_counts(found.counts),
            filters=[
                Filter("state", gettext("State"), state, [silent, *of_state]),
                Filter(
                    "call", gettext("Call"), call, [(str(call_name.id), call_name.name) for call_name in found.calls]
                ),
                Filter("q", gettext("Reference"), q),
            ],
            back="/applications/",
            legend="mentor",
            legend_others=True,
        ),
    )


def _columns() -> list[Column]:
    return [
        Column(gettext("Reference")),
        Column(gettext("Mentor")),
        Column(gettext("Agency")),
        Column(gettext("Call")),
        Column(gettext("Expertise")),
        Column(gettext("Mentees")),
        Column(gettext("State")),
        Column(gettext("Why")),
        Column(gettext("Due")),
    ]


def _row(row: ListedMentor) -> list[Cell]:
    mentor = row.mentor
    places = {"taken": mentor.mentees, "places": mentor.entry.capacity}
    areas = [labels.label(expertise.area) for expertise in mentor.entry.expertise]
    return [
        Link(mentor.reference, mentor_path(mentor.id)),
        row.name or None,
        f"{row.agency}, {labels.country(mentor.country)}",
        row.call,
        ", ".join(areas + [gettext("restricted")] * mentor.restricted_areas),
        gettext("%(taken)s of %(places)s") % places,
        tag("mentor", mentor.state),
        cause_word(mentor.cause) or None,
        None
        if mentor.due is None
        else f"{dates.day(mentor.due, short=True)} ({dates.relative(mentor.due, clock.today())})",
    ]


def _counts(found: MentorCounts) -> list[Count]:
    """Return the count of each state, with a link to exactly the rows that it counts."""
    waiting = ngettext("has to confirm availability", "have to confirm availability", found.awaited)
    return state_counts(
        "mentor", found.by_code, _COUNTRY, [Count(found.awaited, waiting, f"{_COUNTRY}?state={ASKED}", "wait")]
    )


@router.get("/{mentor_id:uuid}")
async def show(request: Request, mentor_id: UUID, principal: MentorOrDecider, bus: BusDep) -> Response:
    """Show a profile: state and fields; to its mentor also the possible actions, and what a mentee sees."""
    async with bus.read() as session:
        found = await mentor_details(session, principal, mentor_id)
    mentor = found.mentor
    return render(
        request,
        "mentors/show.html",
        mentor=mentor,
        mine=found.mine,
        name=found.name,
        rows=found.rows,
        before_names=rows(mentor.entry, own=False, about=False),
        going=found.mentees,
        call_title=found.call_title,
        where=Standing.of(state("mentor", mentor.state), found.standing, mentor.since),
        moves=_possible_actions(found),
        judges=found.mine
        and found.call_is_open
        and transitions.possible(mentor_events.MentorCandidatesChosen, mentor.state),
        done=request.query_params.get("done"),
    )


def _possible_actions(found: MentorDetails) -> list[str]:
    """Return the actions that the mentor can take now with one button."""
    state_now = found.mentor.state
    cannot_open = state_now is MentorState.CLOSED or not found.call_is_open
    possible = [name for name, event in _EVENTS.items() if transitions.possible(event, state_now)]
    return [name for name in possible if not (cannot_open and name in {"publish", "resume"})]


async def _own(bus: Bus, principal: Principal, mentor_id: UUID) -> FormContext:
    async with bus.read() as session:
        return await edit_form(session, principal, mentor_id)


def _filled(context: FormContext) -> BaseMentorForm:
    form = MentorForm()
    form.fill(context.mentor.entry, context.terms)
    return form


def _form_page(request: Request, context: FormContext, form: BaseMentorForm, status: int = 200) -> Response:
    return render(
        request, "mentors/form.html", status, form_=form, mentor=context.mentor, call_title=context.call_title
    )


@router.get("/{mentor_id}/edit")
async def edit(request: Request, mentor_id: UUID, principal: Mentor, bus: BusDep) -> Response:
    """Show the form with the saved values."""
    context = await _own(bus, principal, mentor_id)
    if not context.mentor.writable:
        return see_other(mentor_path(mentor_id))
    return _form_page(request, context, _filled(context))


@router.post("/{mentor_id}/edit")
async def save(request: Request, mentor_id: UUID, principal: Mentor, bus: BusDep) -> Response:
    """Save the entered values and, if asked, publish them; a revision of a published profile is previewed first."""
    context = await _own(bus, principal, mentor_id)
    form, sent = await MentorForm.read(request), await request.form()
    form.fill(None, context.terms)
    if "back" in sent:
        return _form_page(request, context, form)
    if await form.rows_changed(request) or not form.validate():
        return _form_page(request, context, form, 422)
    try:
        changes_made = form.changes()
        if context.mentor.revisable and "told" not in sent:
            preview = await actions.preview_profile(bus, principal, mentor_id, changes_made)
            if preview.changes:
                return _preview_page(request, preview, sent)
        await actions.save(bus, principal, mentor_id, changes_made)
        if "publish" in sent:
            await actions.publish(bus, principal, mentor_id)
    except Outdated as outdated:
        context = await _own(bus, principal, mentor_id)
        if not context.mentor.writable:
            raise
        show_both(request, outdated, form, _filled(context))
        return _form_page(request, context, form, outdated.status_code)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, context, form, refused.status_code)
    return see_other(mentor_path(mentor_id) + ("?done=publish" if "publish" in sent else "?done=saved"))


def _preview_page(request: Request, preview: actions.ProfilePreview, sent: FormData) -> Response:
    """Return the page with the changes of a revision; only its button publishes it."""
    return render(
        request,
        "mentors/revise.html",
        mentor=preview.mentor,
        preview=preview,
        changes=entry_changes(preview.mentor.entry, preview.entry, preview.changes, Reading()),
        sent=[
            (name, value) for name, value in sent.multi_items() if isinstance(value, str) and name not in CONTROL_FIELDS
        ],
    )


@router.post("/{mentor_id}/{move}")
async def act(request: Request, mentor_id: UUID, move: str, principal: Mentor, bus: BusDep) -> Response:
    """Publish, confirm, pause, resume or close it."""
    if move not in _ACTIONS:
        raise not_found()
    try:
        await _ACTIONS[move](bus, principal, mentor_id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        context = await _own(bus, principal, mentor_id)
        form = _filled(context)
        refuse(form, refused)
        return _form_page(request, context, form, 422)
    return see_other(mentor_path(mentor_id) + f"?done={move}")
