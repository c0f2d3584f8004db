"""What do mentee and mentor see and do in their mentorship?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.actions import forms
from services.applications.actions import mentorships as actions
from services.applications.actions.overview import MatchView, MentorshipView, match_views, mentorship_view
from services.applications.api.parts import Portal
from services.applications.pages.abroad_forms import GoalForm, MaybeReasonForm, SessionForm, reason_word
from services.applications.pages.matches import who
from services.applications.pages.parts import PAGE, Store, paged, tag, topic
from shared.bus import Bus
from shared.contracts.codes import MatchState, MentorshipState, Party, Role, StatedReason
from shared.identity import Principal, allow
from shared.web import dates, states, words
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/mentorships", include_in_schema=False)
Pair = Annotated[Principal, Depends(allow(Role.OFFICER, Role.MENTOR))]
Anyone = Annotated[
    Principal,
    Depends(
        allow(
            Role.OFFICER,
            Role.MENTOR,
            Role.NATIONAL_COORDINATOR,
            Role.CLEARANCE_OFFICER,
            Role.PROGRAMME_COORDINATOR,
        )
    ),
]


def at(mentorship_id: UUID, rest: str = "") -> str:
    """The address of a mentorship, or of a page of it."""
    return f"/applications/mentorships/{mentorship_id}" + (f"/{rest}" if rest else "")


@router.get("")
async def show_all(
    request: Request,
    principal: Anyone,
    bus: Store,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """The mentorships that concern the reader, the newest first."""
    async with bus.read() as session:
        views = [view for view in await match_views(session, principal, [MatchState.CONFIRMED]) if view.mentorship]
    shown = [view for view in views if not state or (view.mentorship and view.mentorship.state == state)]
    return render(
        request,
        "mentorships/list.html",
        rows=[_row(view) for view in paged(shown, page)],
        total=len(shown),
        page=page,
        size=PAGE,
        counts=[
            {"count": count, "name": one.word, "href": f"?state={one.code}", "tone": one.tone}
            for one in states.states("mentorship")
            if (count := sum(view.mentorship is not None and view.mentorship.state == one.code for view in views))
        ],
    )


def mentor_of(view: MatchView) -> str:
    """The mentor as the reader may know him or her: a name once released, else the reference."""
    known = view.known.get(Party.MENTOR)
    if known is not None and known.name:
        return known.name
    return view.case.mentor.reference if view.case.mentor else ""


def _row(view: MatchView) -> list[Any]:
    one = view.mentorship
    assert one is not None
    return [
        {"text": view.case.application.reference or str(one.id), "href": at(one.id)},
        who(view),
        mentor_of(view),
        words.country(one.country),
        words.country(one.mentor_country),
        tag("mentorship", one.state),
        dates.day(one.since, short=True),
    ]


@router.get("/{mentorship_id}")
async def show(request: Request, mentorship_id: UUID, principal: Anyone, bus: Store) -> Response:
    """One mentorship: where it stands, agreement, goals, sessions, and what is asked of the reader."""
    return await page_of(request, principal, bus, mentorship_id)


async def page_of(
    request: Request,
    principal: Principal,
    bus: Bus,
    mentorship_id: UUID,
    *,
    goal: GoalForm | None = None,
    session_form: SessionForm | None = None,
    status: int = 200,
) -> Response:
    """The page of a mentorship, with the forms for a goal and a session."""
    async with bus.read() as session:
        view = await mentorship_view(session, principal, mentorship_id)
    one, party = view.mentorship, view.party
    active = one.stands is MentorshipState.ACTIVE
    ongoing = one.stands in {MentorshipState.OPENED, MentorshipState.ACTIVE}
    return render(
        request,
        "mentorships/show.html",
        status,
        view=view,
        one=one,
        party=party,
        where=Standing(state("mentorship", one.state), one.since, one.due, reason=reason_word(one.reason) or None),
        who=who(view.of),
        topic=topic(one.plan.topic),
        mentor=mentor_of(view.of),
        about=view.of.case.mentor.entry.about if view.of.case.mentor and _knows_mentor(view) else "",
        people=[(words.label(each), known) for each, known in view.of.known.items() if known.name],
        signed=[(words.label(each), each in view.signed) for each in actions.PAIR],
        may_sign=one.stands is MentorshipState.OPENED and party is not None and party not in view.signed,
        may_set=party is not None and ongoing,
        may_log=party is not None and active,
        may_end=party is not None and one.stands in {*_GOING, MentorshipState.OPENED},
        sessions=[(held, held.confirmed_at is None and active and held.party != party) for held in view.sessions],
        goal_form=goal or GoalForm(),
        session_form=session_form or SessionForm(data={"minutes": 60}),
        tasks=_tasks(view),
        done=request.query_params.get("done"),
    )


_GOING = frozenset({MentorshipState.ACTIVE, MentorshipState.PAUSED})


def _knows_mentor(view: MentorshipView) -> bool:
    known = view.of.known.get(Party.MENTOR)
    return known is not None and known.name is not None


def _tasks(view: MentorshipView) -> list[dict[str, Any]]:
    """The forms of reporting that are asked of the reader, as a task list."""
    names = {"evaluation": gettext("Evaluate the mentorship"), "follow_up": gettext("Say what you use of it")}
    return [
        {
            "title": names[task.purpose],
            "href": None if task.done else at(view.mentorship.id, f"forms/{task.purpose}"),
            "state": state("outcome", "submitted" if task.done else "due"),
        }
        for task in view.tasks
    ]


@router.get("/{mentorship_id}/forms/{purpose}")
async def open_form(mentorship_id: UUID, purpose: str, principal: Pair, bus: Store, settings: Portal) -> Response:
    """On to reporting's form, with a ticket that says as whom the reader answers."""
    return see_other((await forms.for_mentorship(bus, settings, principal, mentorship_id, purpose)).link)


@router.post("/{mentorship_id}/sign")
async def sign(mentorship_id: UUID, principal: Pair, bus: Store) -> Response:
    """Sign the agreement."""
    await actions.sign(bus, principal, mentorship_id)
    return see_other(at(mentorship_id) + "?done=signed")


@router.post("/{mentorship_id}/goals")
async def set_goal(request: Request, mentorship_id: UUID, principal: Pair, bus: Store) -> Response:
    """Set a goal."""
    form = await GoalForm.read(request)
    if not form.validate():
        return await page_of(request, principal, bus, mentorship_id, goal=form, status=422)
    try:
        await actions.set_goal(bus, principal, mentorship_id, form.text.data or "", form.target.data)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        form.refuse("text", refused.detail)
        return await page_of(request, principal, bus, mentorship_id, goal=form, status=refused.status_code)
    return see_other(at(mentorship_id) + "?done=goal")


@router.post("/{mentorship_id}/goals/{goal_id}/close")
async def close_goal(request: Request, mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: Store) -> Response:
    """Close a goal: met, or given up."""
    met = (await request.form()).get("met") == "yes"
    await actions.close_goal(bus, principal, mentorship_id, goal_id, met=met)
    return see_other(at(mentorship_id) + "?done=closed")


@router.post("/{mentorship_id}/sessions")
async def log_session(request: Request, mentorship_id: UUID, principal: Pair, bus: Store) -> Response:
    """Log a session."""
    form = await SessionForm.read(request)
    if not form.validate():
        return await page_of(request, principal, bus, mentorship_id, session_form=form, status=422)
    assert form.held_on.data is not None
    assert form.minutes.data is not None
    try:
        await actions.log_session(
            bus,
            principal,
            mentorship_id,
            form.held_on.data,
            form.minutes.data,
            on_site=bool(form.on_site.data),
            note=form.note.data or "",
        )
    except Refused as refused:
        if refused.status_code != 409:
            raise
        form.refuse("held_on", refused.detail)
        return await page_of(request, principal, bus, mentorship_id, session_form=form, status=409)
    return see_other(at(mentorship_id) + "?done=session")


@router.post("/{mentorship_id}/sessions/{session_id}/confirm")
async def confirm(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: Store) -> Response:
    """Confirm a session that the other side logged."""
    await actions.confirm_session(bus, principal, mentorship_id, session_id)
    return see_other(at(mentorship_id) + "?done=confirmed")


@router.get("/{mentorship_id}/end")
async def ask_end(request: Request, mentorship_id: UUID, principal: Pair, bus: Store) -> Response:
    """Ask once more, and why where it is early."""
    return await _end_page(request, principal, bus, mentorship_id, MaybeReasonForm())


async def _end_page(
    request: Request, principal: Principal, bus: Bus, mentorship_id: UUID, form: MaybeReasonForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await mentorship_view(session, principal, mentorship_id)
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=view.of.case.application.reference,
        title=gettext("End the mentorship"),
        text=gettext("With enough confirmed sessions it counts as completed; else say why it ends early."),
        back_href=at(mentorship_id),
        button=gettext("End it"),
    )


@router.post("/{mentorship_id}/end")
async def end(request: Request, mentorship_id: UUID, principal: Pair, bus: Store) -> Response:
    """Ask to end it."""
    form = await MaybeReasonForm.read(request)
    if not form.validate():
        return await _end_page(request, principal, bus, mentorship_id, form, 422)
    reason = StatedReason(form.reason.data) if form.reason.data else None
    await actions.end(bus, principal, mentorship_id, reason, form.text.data or "")
    return see_other(at(mentorship_id) + "?done=end")
