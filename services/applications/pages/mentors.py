"""What does a mentor see and do about the own profile?"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.actions import mentors as actions
from services.applications.actions.common import not_found
from services.applications.model import steps
from services.applications.pages.abroad_forms import MentorForm
from services.applications.pages.parts import Store, tag, topic
from services.applications.pages.sent import number, refuse
from services.applications.store import calls
from services.applications.store import mentors as store
from shared import clock
from shared.bus import Bus
from shared.contracts import mentors as told
from shared.contracts.codes import ApplicationKind, CallState, MentorState, Role
from shared.identity import Principal, allow
from shared.identity.scope import is_self
from shared.web import dates
from shared.web.errors import Refused
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/mentors", include_in_schema=False)
Mentor = Annotated[Principal, Depends(allow(Role.MENTOR))]
_MOVES = {
    "publish": actions.publish,
    "pause": actions.pause,
    "resume": actions.resume,
    "close": actions.close,
}
_EVENTS: dict[str, type[told.MentorEvent]] = {
    "publish": told.MentorPublished,
    "pause": told.MentorPaused,
    "resume": told.MentorResumed,
    "close": told.MentorClosed,
}


def at(mentor_id: UUID, rest: str = "") -> str:
    """The address of a profile, or of a page of it."""
    return f"/applications/mentors/{mentor_id}" + (f"/{rest}" if rest else "")


@router.get("")
async def show_all(request: Request, principal: Mentor, bus: Store) -> Response:
    """The own profiles, and the calls for which there is none yet."""
    async with bus.read() as session:
        mine = await store.of_subject(session, principal.subject)
        of = await calls.calls_by_id(session, {one.call_id for one in mine})
        published = await calls.calls(session, state=CallState.PUBLISHED)
    taken = {one.call_id for one in mine}
    rows = [
        [
            {"text": one.reference, "href": at(one.id)},
            of[one.call_id].title,
            tag("mentor", one.state),
            one.entry.capacity,
            dates.day(one.since, short=True),
        ]
        for one in mine
    ]
    open_calls = [
        call
        for call in published
        if call.id not in taken and ApplicationKind.MENTEE in call.terms.kinds and call.opens <= clock.now()
    ]
    return render(request, "mentors/list.html", rows=rows, open_calls=open_calls)


@router.post("/new")
async def begin(principal: Mentor, bus: Store, call: UUID) -> Response:
    """Begin the own profile for a call, or take up the one that is there."""
    mentor = await actions.begin(bus, principal, call, {})
    rest = "edit" if mentor.stands is MentorState.DRAFT else ""
    return see_other(at(mentor.id, rest))


@router.get("/{mentor_id}")
async def show(request: Request, mentor_id: UUID, principal: Mentor, bus: Store) -> Response:
    """The own profile: where it stands, what it says, what can be done."""
    mentor, call = await _own(bus, principal, mentor_id)
    return render(
        request,
        "mentors/show.html",
        mentor=mentor,
        entry=mentor.entry,
        topics=[topic(code) for code in mentor.entry.topics],
        call=call,
        where=Standing(state("mentor", mentor.state), mentor.since),
        moves=[name for name, event in _EVENTS.items() if steps.possible(event, mentor.state)],
        writable=mentor.stands is not MentorState.CLOSED,
        done=request.query_params.get("done"),
    )


async def _own(bus: Bus, principal: Principal, mentor_id: UUID) -> tuple[store.Mentor, calls.Call]:
    """The own profile and its call. Raises `Refused` (404)."""
    async with bus.read() as session:
        mentor = await store.mentor(session, mentor_id)
        if mentor is None or not is_self(principal, mentor.subject):
            raise not_found()
        call = await calls.call(session, mentor.call_id)
    assert call is not None
    return mentor, call


@router.get("/{mentor_id}/edit")
async def edit(request: Request, mentor_id: UUID, principal: Mentor, bus: Store) -> Response:
    """The form with what is written."""
    mentor, call = await _own(bus, principal, mentor_id)
    form = MentorForm()
    form.fill(mentor.entry, call.terms)
    return render(request, "mentors/form.html", form_=form, mentor=mentor, call=call)


@router.post("/{mentor_id}/edit")
async def save(request: Request, mentor_id: UUID, principal: Mentor, bus: Store) -> Response:
    """Keep what was written and, where asked, publish it."""
    mentor, call = await _own(bus, principal, mentor_id)
    form, sent = await MentorForm.read(request), await request.form()
    form.fill(None, call.terms)
    if await form.rows_changed(request) or not form.validate():
        return render(request, "mentors/form.html", 422, form_=form, mentor=mentor, call=call)
    try:
        version = number(sent.get("version"))
        mentor = await actions.save(bus, principal, mentor_id, form.changes(), version=version)
        if "publish" in sent:
            await actions.publish(bus, principal, mentor_id)
    except Refused as refused:
        refuse(form, refused)
        return render(request, "mentors/form.html", refused.status_code, form_=form, mentor=mentor, call=call)
    return see_other(at(mentor_id) + ("?done=publish" if "publish" in sent else "?done=saved"))


@router.post("/{mentor_id}/{move}")
async def act(request: Request, mentor_id: UUID, move: str, principal: Mentor, bus: Store) -> Response:
    """Publish, pause, resume or close it."""
    if move not in _MOVES:
        raise not_found()
    try:
        await _MOVES[move](bus, principal, mentor_id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        mentor, call = await _own(bus, principal, mentor_id)
        form = MentorForm()
        form.fill(mentor.entry, call.terms)
        refuse(form, refused)
        return render(request, "mentors/form.html", 422, form_=form, mentor=mentor, call=call)
    return see_other(at(mentor_id) + f"?done={move}")
