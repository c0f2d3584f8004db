"""The page that moves the clock of a local run; it exists only where the clock can be moved."""

from datetime import timedelta

from fastapi import APIRouter

from services.applications.guards import Coordinator
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Between, Form, Needed, NumberField

router = APIRouter(prefix="/applications/clock", include_in_schema=False)


class ClockForm(Form):
    """The form to move the clock forward."""

    days = NumberField(
        N_("Days to move the clock forward"),
        [Needed(N_("Enter a number of days")), Between(1, 400)],
        description=N_("Reminders and deadlines that fall due in that time are processed at once"),
    )


async def _ask(request: DecisionRequest[ClockForm]) -> Question:
    """Show the present time, and the form."""
    return Question(
        gettext("Clock of this local run"),
        gettext("Move the clock"),
        "/applications/",
        done=gettext("The clock was moved.") if request.http.query_params.get("done") == "moved" else "",
        template="desk/clock.html",
    )


async def _move(request: DecisionRequest[ClockForm]) -> str:
    clock.move(timedelta(days=request.form.days.data or 0))
    return "/applications/clock?done=moved"


add_decision(router, Coordinator, Decision("", ClockForm, _ask, _move))
