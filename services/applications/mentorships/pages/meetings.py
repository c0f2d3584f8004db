"""The pages of a pair's next session: plan, move, cancel.

The form stands on the mentorship's page too, so it is answered here and not by a `Decision`.
"""

from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.forms import submit_form, submit_or_compare
from services.applications.guards import Pair
from services.applications.mentorships.actions import meetings as actions
from services.applications.mentorships.actions.meetings import country_of
from services.applications.mentorships.forms import MeetingForm
from services.applications.mentorships.pages.common import load_own_view, mentorship_path, router, when
from services.applications.mentorships.pages.mentorship import mentorship_page
from services.applications.mentorships.views.mentorship import MentorshipView
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.contracts.codes import MentorshipState
from shared.contracts.labels import country
from shared.identity import Principal
from shared.time.zones import zone_of
from shared.web.forms import Form
from shared.web.render import render, see_other


@router.post("/{mentorship_id}/meetings")
async def plan(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Plan the next session."""
    form = await MeetingForm.read(request)
    if status := await submit_form(
        form, lambda: actions.plan(bus, principal, mentorship_id, form.meeting_time()), "day"
    ):
        return await mentorship_page(request, principal, bus, mentorship_id, meeting_form=form, status=status)
    return see_other(mentorship_path(mentorship_id) + "?done=planned#sessions")


@router.get("/{mentorship_id}/meetings/{meeting_id}")
async def show_meeting(
    request: Request, mentorship_id: UUID, meeting_id: UUID, principal: Pair, bus: BusDep
) -> Response:
    """Show the planned session, to be moved or cancelled."""
    return await _page(request, principal, bus, mentorship_id, meeting_id)


async def _page(
    request: Request,
    principal: Principal,
    bus: Bus,
    mentorship_id: UUID,
    meeting_id: UUID,
    *,
    form: MeetingForm | None = None,
    status: int = 200,
) -> Response:
    view = await load_own_view(bus, principal, mentorship_id)
    meeting = view.meeting
    if meeting is None or meeting.id != meeting_id or view.party is None:
        raise not_found()
    here = country_of(view.mentorship, view.party)
    return render(
        request,
        "mentorships/meeting.html",
        status,
        meeting=meeting,
        reference=view.of.case.application.reference,
        when=when(view, meeting.begins_at),
        may_move=view.mentorship.stands is MentorshipState.ACTIVE,
        form_=form or _saved(view),
        clocks_of=country(here),
        here=mentorship_path(mentorship_id, f"meetings/{meeting_id}"),
        back_href=mentorship_path(mentorship_id),
    )


def _saved(view: MentorshipView) -> MeetingForm:
    """Return the form with what is saved, by the reader's clock; empty where nothing is planned."""
    meeting = view.meeting
    if meeting is None or view.party is None:
        return MeetingForm()
    local = meeting.begins_at.astimezone(zone_of(country_of(view.mentorship, view.party)))
    known = {"day": local.date(), "clock": local.time(), "minutes": meeting.minutes, "on_site": meeting.on_site}
    return MeetingForm(data=known)


@router.post("/{mentorship_id}/meetings/{meeting_id}")
async def move(request: Request, mentorship_id: UUID, meeting_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Move the planned session."""
    form = await MeetingForm.read(request)

    async def saved() -> Form:
        return _saved(await load_own_view(bus, principal, mentorship_id))

    status = await submit_or_compare(
        request,
        form,
        lambda: actions.move(bus, principal, mentorship_id, meeting_id, form.meeting_time()),
        "day",
        saved=saved,
    )
    if status:
        meeting = (await load_own_view(bus, principal, mentorship_id)).meeting
        if meeting is None or meeting.id != meeting_id:
            # It was cancelled meanwhile, or has begun: what was written can be planned as another session.
            return await mentorship_page(request, principal, bus, mentorship_id, meeting_form=form, status=status)
        return await _page(request, principal, bus, mentorship_id, meeting_id, form=form, status=status)
    return see_other(mentorship_path(mentorship_id) + "?done=moved#sessions")


@router.post("/{mentorship_id}/meetings/{meeting_id}/cancel")
async def cancel(mentorship_id: UUID, meeting_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Cancel the planned session."""
    await actions.cancel(bus, principal, mentorship_id, meeting_id)
    return see_other(mentorship_path(mentorship_id) + "?done=called_off#sessions")
