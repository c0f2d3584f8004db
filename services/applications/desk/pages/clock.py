"""The page that moves the clock of a local run; it exists only where the clock can be moved."""

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.guards import Coordinator
from shared.i18n import N_
from shared.time import clock
from shared.web.forms import Between, Form, Needed, NumberField
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/clock", include_in_schema=False)


class ClockForm(Form):
    """How far forward."""

    days = NumberField(
        N_("Move the clock forward by so many days"),
        [Needed(N_("Enter a number of days")), Between(1, 400)],
        description=N_("Reminders and deadlines that fall due on the way are worked off at once"),
    )


@router.get("")
async def show(request: Request, _: Coordinator) -> Response:
    """Show the present time, and the form."""
    return render(request, "desk/clock.html", form_=ClockForm(), done="moved" in request.query_params)


@router.post("")
async def move(request: Request, _: Coordinator) -> Response:
    """Move the clock forward."""
    form = await ClockForm.read(request)
    if not form.validate():
        return render(request, "desk/clock.html", 422, form_=form, done=False)
    clock.move(timedelta(days=form.days.data or 0))
    return see_other("/applications/clock?moved=1")
