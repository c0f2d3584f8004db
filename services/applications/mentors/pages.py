"""The pages of mentors' profiles: your profiles, the mentors of a country, one profile and its form."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.applications import transitions
from services.applications.calls import store as calls_store
from services.applications.display import cause_word, state_counts, tag
from services.applications.forms import CONTROL_FIELDS, number, refuse
from services.applications.guards import Decider, Mentor, MentorOrDecider
from services.applications.matches.store import matches
from services.applications.mentors import actions, store, views
from services.applications.mentors.forms import MentorForm
from services.applications.mentors.views import rows
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.tables import PAGE
from services.applications.visibility import visibility_of
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts import mentors as mentor_events
from shared.contracts.codes import ApplicationKind, CallState, MentorState
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import is_self, may_clear
from shared.ids import read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/mentors", include_in_schema=False)


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
        mine = await store.of_subject(session, principal.subject)
        calls = await calls_store.calls_by_id(session, {mentor.call_id for mentor in mine})
        published = await calls_store.calls(session, state=CallState.PUBLISHED)
    taken = {mentor.call_id for mentor in mine}
    rows = [
        [
            {"text": mentor.reference, "href": mentor_path(mentor.id)},
            calls[mentor.call_id].title,
            tag("mentor", mentor.state),
            mentor.entry.capacity,
            dates.day(mentor.since, short=True),
        ]
        for mentor in mine
    ]
    open_calls = [
        call
        for call in published
        if call.id not in taken and ApplicationKind.MENTEE in call.terms.kinds and call.opens <= clock.now()
    ]
    return render(request, "mentors/list.html", rows=rows, open_calls=open_calls)


@router.post("/new")
async def begin(principal: Mentor, bus: BusDep, call: UUID) -> Response:
    """Begin a profile for a call, or continue the existing one."""
    mentor = await actions.begin(bus, principal, call, {})
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
    visibility = visibility_of(principal)
    filters = store.Filters(state or None, read_id(call), None, q.strip() or None)
    async with bus.read() as session:
        found, total = await store.list_page(session, visibility, filters, page)
        counts = await store.counts(session, visibility, filters)
        calls = await calls_store.calls(session)
        people = await entries.people_by_subject(session, [mentor.subject for mentor in found])
        agencies = {
            agency.id: agency
            for agency in await entries.organisations(session, ids={mentor.organisation_id for mentor in found})
        }
        mentees = await matches.mentee_counts(session, [mentor.id for mentor in found])
    titles = {known_call.id: known_call.reference for known_call in calls}
    return render(
        request,
        "mentors/country.html",
        rows=[_row(mentor, principal, people, agencies, titles, mentees) for mentor in found],
        total=total,
        page=page,
        size=PAGE,
        counts=_counts(counts),
        fields=[
            {
                "name": "state",
                "label": gettext("State"),
                "options": [(store.ASKED, gettext("Asked whether still available"))]
                + [
                    (known_state.code, known_state.word)
                    for known_state in states.states("mentor")
                    if known_state.code != MentorState.DRAFT
                ],
                "value": state,
            },
            {
                "name": "call",
                "label": gettext("Call"),
                "options": [(str(known_call.id), f"{known_call.reference} {known_call.title}") for known_call in calls],
                "value": call,
            },
            {"name": "q", "label": gettext("Reference"), "value": q},
        ],
        narrowed=bool(state or call or q),
    )


def _row(
    mentor: store.Mentor,
    principal: Principal,
    people: dict[str, entries.Person],
    agencies: dict[UUID, entries.Organisation],
    references: dict[UUID, str],
    mentees: dict[UUID, int],
) -> list[Any]:
    agency = agencies.get(mentor.organisation_id)
    return [
        {"text": mentor.reference, "href": mentor_path(mentor.id)},
        _name(principal, mentor, people) or None,
        f"{agency.name if agency else ''}, {labels.country(mentor.country)}",
        references.get(mentor.call_id, ""),
        ", ".join(labels.label(expertise.area) for expertise in mentor.entry.expertise),
        gettext("%(taken)s of %(places)s") % {"taken": mentees[mentor.id], "places": mentor.entry.capacity},
        tag("mentor", mentor.state),
        cause_word(mentor.cause) or None,
        None
        if mentor.due is None
        else f"{dates.day(mentor.due, short=True)} ({dates.relative(mentor.due, clock.today())})",
    ]


def _name(principal: Principal, mentor: store.Mentor, people: dict[str, entries.Person]) -> str:
    """Return the mentor's name for the coordinator of the country, who keeps its register; else empty."""
    person = people.get(mentor.subject)
    own = may_clear(principal, mentor.country, mentor.organisation_id)
    return person.name if person is not None and own else ""


def _counts(found: dict[str, int]) -> list[dict[str, Any]]:
    """Return the count of each state, with a link to exactly the rows that it counts."""
    asked_count = found.get(store.ASKED, 0)
    waiting = ngettext("is asked whether still available", "are asked whether still available", asked_count)
    return state_counts(
        "mentor", found, (store.ASKED, asked_count, waiting, "wait"), here="/applications/mentors/country"
    )


@router.get("/{mentor_id}")
async def show(request: Request, mentor_id: UUID, principal: MentorOrDecider, bus: BusDep) -> Response:
    """Show a profile: state and fields; to its mentor also the possible actions, and what a mentee sees."""
    async with bus.read() as session:
        mentor = await views.readable_mentor(session, principal, mentor_id)
        call = await calls_store.call(session, mentor.call_id)
        people = await entries.people_by_subject(session, [mentor.subject])
        mentees = (await matches.mentee_counts(session, [mentor_id]))[mentor_id]
    mine = is_self(principal, mentor.subject)
    home = views.reads_all(principal, mentor)
    return render(
        request,
        "mentors/show.html",
        mentor=mentor,
        mine=mine,
        name=_name(principal, mentor, people),
        rows=rows(mentor.entry, own=home, about=home),
        before_names=rows(mentor.entry, own=False, about=False),
        going=mentees,
        call=call,
        where=Standing(
            state("mentor", mentor.state), mentor.since, mentor.due, reason=cause_word(mentor.cause) or None
        ),
        moves=_possible_actions(mentor, call),
        writable=actions.writable(mentor),
        done=request.query_params.get("done"),
    )


def _possible_actions(mentor: store.Mentor, call: calls_store.Call | None) -> list[str]:
    """Return the actions that the mentor can take now with one button."""
    cannot_open = mentor.stands is MentorState.CLOSED or call is None or call.state != CallState.PUBLISHED
    found = [name for name, event in _EVENTS.items() if transitions.possible(event, mentor.state)]
    return [name for name in found if not (cannot_open and name in {"publish", "resume"})]


async def _own(bus: Bus, principal: Principal, mentor_id: UUID) -> tuple[store.Mentor, calls_store.Call]:
    """Return the reader's profile and its call. Raises `Refused` (404)."""
    async with bus.read() as session:
        mentor = await store.mentor(session, mentor_id)
        if mentor is None or not is_self(principal, mentor.subject):
            raise not_found()
        call = await calls_store.call(session, mentor.call_id)
    assert call is not None
    return mentor, call


@router.get("/{mentor_id}/edit")
async def edit(request: Request, mentor_id: UUID, principal: Mentor, bus: BusDep) -> Response:
    """Show the form with the saved values."""
    mentor, call = await _own(bus, principal, mentor_id)
    if not actions.writable(mentor):
        return see_other(mentor_path(mentor_id))
    form = MentorForm()
    form.fill(mentor.entry, call.terms)
    return render(request, "mentors/form.html", form_=form, mentor=mentor, call=call)


@router.post("/{mentor_id}/edit")
async def save(request: Request, mentor_id: UUID, principal: Mentor, bus: BusDep) -> Response:
    """Save the entered values and, if asked, publish them; a revision of a published profile is previewed first."""
    mentor, call = await _own(bus, principal, mentor_id)
    form, sent = await MentorForm.read(request), await request.form()
    form.fill(None, call.terms)
    if "back" in sent:
        return render(request, "mentors/form.html", form_=form, mentor=mentor, call=call)
    if await form.rows_changed(request) or not form.validate():
        return render(request, "mentors/form.html", 422, form_=form, mentor=mentor, call=call)
    try:
        version = number(sent.get("version"))
        if actions.revisable(mentor) and "told" not in sent:
            preview = await actions.preview_profile(bus, principal, mentor_id, form.changes(), version=version)
            if preview.changes:
                return _preview_page(request, preview, sent)
        mentor = await actions.save(bus, principal, mentor_id, form.changes(), version=version)
        if "publish" in sent:
            await actions.publish(bus, principal, mentor_id)
    except Refused as refused:
        refuse(form, refused)
        return render(request, "mentors/form.html", refused.status_code, form_=form, mentor=mentor, call=call)
    return see_other(mentor_path(mentor_id) + ("?done=publish" if "publish" in sent else "?done=saved"))


def _preview_page(request: Request, preview: actions.ProfilePreview, sent: FormData) -> Response:
    """Return the page with the changes of a revision; only its button publishes it."""
    entry = actions.entry_of(preview.mentor.entry, {change.field: change.new for change in preview.changes})
    before, after = (rows(version, own=True, about=True) for version in (preview.mentor.entry, entry))
    return render(
        request,
        "mentors/revise.html",
        mentor=preview.mentor,
        preview=preview,
        changes=[
            [old["key"], old["value"], new["value"]]
            for old, new in zip(before, after, strict=True)
            if old["value"] != new["value"]
        ],
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
        mentor, call = await _own(bus, principal, mentor_id)
        form = MentorForm()
        form.fill(mentor.entry, call.terms)
        refuse(form, refused)
        return render(request, "mentors/form.html", 422, form_=form, mentor=mentor, call=call)
    return see_other(mentor_path(mentor_id) + f"?done={move}")
