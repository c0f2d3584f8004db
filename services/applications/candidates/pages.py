"""The page on which a host or mentor puts anonymous candidates in order, or says that they are not suitable."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.candidates.actions import choose
from services.applications.candidates.forms import CandidatesForm, filled
from services.applications.candidates.model import Choices, candidates_path
from services.applications.candidates.views import CandidatePage, candidate_page
from services.applications.forms import refuse
from services.applications.guards import Host, Mentor
from services.applications.parameters import BusDep
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import ApplicationKind
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.form_versions import show_both
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)

VISIT, MENTEE = ApplicationKind.STUDY_VISIT, ApplicationKind.MENTEE
Done = Annotated[str, Query(max_length=10)]
Number = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/offers/{offer_id}/candidates")
async def show_of_offer(
    request: Request, offer_id: UUID, principal: Host, bus: BusDep, done: Done = "", page: Number = 1
) -> Response:
    """Show the anonymous candidates of a placement, with the form to judge them."""
    return await _show(request, bus, principal, VISIT, offer_id, page, done)


@router.post("/offers/{offer_id}/candidates")
async def save_of_offer(request: Request, offer_id: UUID, principal: Host, bus: BusDep, page: Number = 1) -> Response:
    """Save what the host says of candidates."""
    return await _save(request, bus, principal, VISIT, offer_id, page)


@router.get("/mentors/{mentor_id}/candidates")
async def show_of_mentor(
    request: Request, mentor_id: UUID, principal: Mentor, bus: BusDep, done: Done = "", page: Number = 1
) -> Response:
    """Show the anonymous candidates of a mentor, with the form to judge them."""
    return await _show(request, bus, principal, MENTEE, mentor_id, page, done)


@router.post("/mentors/{mentor_id}/candidates")
async def save_of_mentor(
    request: Request, mentor_id: UUID, principal: Mentor, bus: BusDep, page: Number = 1
) -> Response:
    """Save what the mentor says of candidates."""
    return await _save(request, bus, principal, MENTEE, mentor_id, page)


async def _read(bus: Bus, principal: Principal, kind: ApplicationKind, seat_id: UUID, number: int) -> CandidatePage:
    async with bus.read() as session:
        return await candidate_page(session, principal, kind, seat_id, number)


async def _show(
    request: Request, bus: Bus, principal: Principal, kind: ApplicationKind, seat_id: UUID, number: int, done: str
) -> Response:
    page = await _read(bus, principal, kind, seat_id, number)
    return _page(request, page, filled(page.found.choices), done=done)


def _page(
    request: Request, page: CandidatePage, form: CandidatesForm, status: int = 200, *, done: str = ""
) -> Response:
    _offer(form, page)
    return render(
        request,
        "candidates/show.html",
        status,
        page=page,
        form_=form,
        seat=candidates_path(page.kind, page.seat_id).removesuffix("/candidates"),
        here=_address(page.kind, page.seat_id, page.number),
        done=done,
    )


def _offer(form: CandidatesForm, page: CandidatePage) -> None:
    form.offer(
        ((each.application_id, f"{each.name} ({each.fits})") for each in page.found.items),
        (
            (each.application_id, gettext("%(name)s (in a group)") % {"name": each.name})
            for group in page.found.groups
            for each in group.members
        ),
    )


def _address(kind: ApplicationKind, seat_id: UUID, number: int, done: str = "") -> str:
    query = {"page": number if number > 1 else "", "done": done}
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"{candidates_path(kind, seat_id)}?{chosen}".rstrip("?")


async def _save(
    request: Request, bus: Bus, principal: Principal, kind: ApplicationKind, seat_id: UUID, number: int
) -> Response:
    page = await _read(bus, principal, kind, seat_id, number)
    form, sent = await CandidatesForm.read(request), await request.form()
    changed = await form.rows_changed(request)
    if added := sent.get("add"):
        form.append(str(added))
    _offer(form, page)
    if changed:
        return _page(request, page, form)
    if "clear" not in sent and not form.check():
        return _page(request, page, form, 422)
    try:
        await choose(bus, principal, kind, seat_id, Choices() if "clear" in sent else form.choices())
    except Outdated as outdated:
        page = await _read(bus, principal, kind, seat_id, number)
        saved = filled(page.found.choices)
        for each in (form, saved):
            _offer(each, page)
        show_both(request, outdated, form, saved)
        return _page(request, page, form, outdated.status_code)
    except Refused as refused:
        refuse(form, refused)
        return _page(request, page, form, refused.status_code)
    return see_other(_address(kind, seat_id, number, "cleared" if "clear" in sent else "saved"))
