"""The page on which the programme coordinator moves one visit to another lawful week; each week shows its cost."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends

from services.matching.engine.problem.weeks import monday
from services.matching.engine.schedule import Choice
from services.matching.scheduling.actions import plans, repeats
from services.matching.scheduling.actions.plans import Weeks
from services.matching.scheduling.pages.plans import REASONS, days_later
from services.matching.scheduling.views import VisitToMove, visits_to_move
from shared.contracts.codes import Reason, Role
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal, allow
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, Needed, RadioField, SelectField, options
from shared.web.query import DayText, declared

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
_VISITS = "/matching/visits"


class MoveForm(Form):
    """Another week of one visit, out of its lawful `weeks`; `visits` move together."""

    week = RadioField(
        N_("Which week?"),
        [Needed(N_("Select a week"))],
        description=N_("Only possible weeks with a free place are listed."),
    )
    reason = SelectField(
        N_("Why?"),
        [Needed(N_("Choose a reason"))],
        choices=REASONS,
        description=N_("The guest and host can read it."),
    )
    weeks: Weeks | None = None
    visits: tuple[VisitToMove, ...] = ()


async def _form(request: DecisionRequest[MoveForm]) -> MoveForm:
    """Return the form with the week in the address (`week`) selected."""
    day = _wanted(request)
    return MoveForm(data={"week": monday(day).isoformat()} if day else None)


def _wanted(request: DecisionRequest[MoveForm]) -> date | None:
    text = request.http.query_params.get("week")
    return date.fromisoformat(text) if text else None


async def _prepare(request: DecisionRequest[MoveForm]) -> None:
    """Offer the weeks other than the present one; to somebody who sends the form again, the one chosen before."""
    if request.http.method == "POST" and await _moved_before(request):
        request.form.week.choices = options([(request.form.week.data, request.form.week.data)])()
        return
    async with request.bus.read() as session:
        weeks = await plans.lawful_weeks(session, request.id)
        request.form.visits = tuple(await visits_to_move(session, weeks.matches))
    request.form.weeks = weeks
    request.form.week.choices = options(
        [
            (choice.week.isoformat(), dates.span(choice.days[0][0], choice.days[0][-1]), _cost(weeks, choice))
            for choice in _others(weeks)
        ]
    )()


async def _moved_before(request: DecisionRequest[MoveForm]) -> bool:
    try:
        week, reason = date.fromisoformat(request.form.week.data or ""), Reason(request.form.reason.data)
    except ValueError:
        return False
    async with request.bus.read() as session:
        return await repeats.moved_before(session, request.principal.subject, request.id, week, reason) is not None


def _others(weeks: Weeks) -> list[Choice]:
    return [choice for choice in weeks.choices if choice.days != weeks.announced]


def _cost(weeks: Weeks, choice: Choice) -> str:
    """Return the cost of a week in words."""
    length = len(choice.days[0])
    sentences = [ngettext("%(num)d day", "%(num)d days", length) % {"num": length}]
    if choice.cost.short_days:
        short = choice.cost.short_days
        sentences.append(
            ngettext("%(num)d day fewer than wanted", "%(num)d days fewer than wanted", short) % {"num": short}
        )
    if weeks.announced[0]:
        sentences.append(days_later((choice.days[0][0] - weeks.announced[0][0]).days))
    return "; ".join(sentences)


async def _ask(request: DecisionRequest[MoveForm]) -> Question:
    form = request.form
    assert form.weeks is not None
    lawful = {choice.week for choice in _others(form.weeks)}
    visit = next(visit for visit in form.visits if visit.match_id == request.id)
    day = _wanted(request) if request.http.method == "GET" else None
    return Question(
        gettext("Propose new dates"),
        gettext("Propose dates") if visit.start else gettext("Set dates"),
        _VISITS,
        back_text=gettext("Visits"),
        caption=visit.reference,
        text=_text(visit, len(form.visits) - 1) if lawful else "",
        obstacle="" if lawful else _no_week(),
        template="scheduling/move.html",
        more={
            "visit": visit,
            "refused": day if day is not None and monday(day) not in lawful else None,
        },
    )


def _text(visit: VisitToMove, mates: int) -> str:
    if visit.start:
        text = gettext("The guest and host must accept the new dates. The current dates stay until both accept.")
    else:
        text = gettext("The visit has no dates yet. It gets the week that you choose at once.")
    if mates:
        move = ngettext(
            "%(num)d other member of the group also gets new dates, because a group starts together.",
            "%(num)d other members of the group also get new dates, because a group starts together.",
            mates,
        )
        text += " " + move % {"num": mates}
    return text


def _no_week() -> str:
    why = gettext(
        "There is no other possible week. No other week has time on both sides, a free place, no holiday and "
        "enough notice."
    )
    return why + " " + gettext("A host can add weeks or places to the placement. Then check again here.")


async def _move(request: DecisionRequest[MoveForm]) -> str:
    week, reason = date.fromisoformat(request.form.week.data), Reason(request.form.reason.data)
    done = await plans.propose_move(request.bus, request.principal.subject, request.id, week, reason)
    return f"{_VISITS}?done={len(done.days)}"


_WEEK = declared({"week": DayText})
add_decision(
    router,
    Programme,
    Decision("/visits/{match_id}/move", MoveForm, _ask, _move, new=_form, prepare=_prepare, query=(_WEEK,)),
)
