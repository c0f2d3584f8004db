"""The page on which the programme coordinator moves one visit to another lawful week; each week shows its cost."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.engine.problem.weeks import monday
from services.matching.engine.schedule import Choice
from services.matching.filters import day_of
from services.matching.parameters import BusDep
from services.matching.scheduling.actions import plans
from services.matching.scheduling.actions.plans import Weeks
from services.matching.scheduling.pages.plans import REASONS, days_later
from services.matching.scheduling.views import VisitToMove, visits_to_move
from shared.bus import Bus
from shared.contracts.codes import Reason, Role
from shared.i18n import N_, ngettext
from shared.identity import Principal, allow
from shared.time import dates
from shared.web.forms import Form, Needed, RadioField, SelectField, options
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class MoveForm(Form):
    """Another week of one visit."""

    week = RadioField(N_("Which week?"), [Needed(N_("Choose a week"))])
    reason = SelectField(N_("Why?"), [Needed(N_("Choose a reason"))], choices=REASONS)


@router.get("/visits/{match_id}/move")
async def move(request: Request, bus: BusDep, _: Programme, match_id: UUID) -> Response:
    """Show the lawful weeks of a visit, each with its cost; the one in the address (`week`) is selected."""
    weeks, visits = await _visits(bus, match_id)
    wanted = day_of(request.query_params.get("week"))
    lawful = {choice.week for choice in weeks.choices if choice.days != weeks.announced}
    form = MoveForm(data={"week": monday(wanted).isoformat()} if wanted else None)
    refused = wanted if wanted is not None and monday(wanted) not in lawful else None
    return _move_page(request, form, match_id, weeks, visits, refused=refused)


@router.post("/visits/{match_id}/move")
async def moved(request: Request, bus: BusDep, who: Programme, match_id: UUID) -> Response:
    """Propose the selected week."""
    form = await MoveForm.read(request)
    weeks, visits = await _visits(bus, match_id)
    _offer(form, weeks)
    if not form.validate():
        return _move_page(request, form, match_id, weeks, visits, 422)
    week, reason = date.fromisoformat(form.week.data), Reason(form.reason.data)
    done = await plans.propose_move(bus, who.subject, match_id, week, reason)
    return see_other(f"/matching/visits?moved={len(done.days)}")


async def _visits(bus: Bus, match_id: UUID) -> tuple[Weeks, list[VisitToMove]]:
    async with bus.read() as session:
        weeks = await plans.lawful_weeks(session, match_id)
        return weeks, await visits_to_move(session, weeks.matches)


def _offer(form: MoveForm, weeks: Weeks) -> None:
    """Offer in the form the weeks other than the present one."""
    form.week.choices = options(
        [
            (choice.week.isoformat(), dates.span(choice.days[0][0], choice.days[0][-1]), _cost(weeks, choice))
            for choice in weeks.choices
            if choice.days != weeks.announced
        ]
    )()


def _cost(weeks: Weeks, choice: Choice) -> str:
    """Return the cost of a week in words."""
    length = len(choice.days[0])
    said = [ngettext("%(num)d day", "%(num)d days", length) % {"num": length}]
    if choice.cost.short_days:
        short = choice.cost.short_days
        said.append(ngettext("%(num)d day fewer than wanted", "%(num)d days fewer than wanted", short) % {"num": short})
    if weeks.announced[0]:
        said.append(days_later((choice.days[0][0] - weeks.announced[0][0]).days))
    return "; ".join(said)


def _move_page(
    request: Request,
    form: MoveForm,
    match_id: UUID,
    weeks: Weeks,
    visits: list[VisitToMove],
    status: int = 200,
    *,
    refused: date | None = None,
) -> Response:
    _offer(form, weeks)
    own = next(visit for visit in visits if visit.match_id == match_id)
    return render(
        request,
        "scheduling/move.html",
        status,
        form_=form,
        visit=own,
        mates=[visit for visit in visits if visit is not own],
        refused=refused,
    )
