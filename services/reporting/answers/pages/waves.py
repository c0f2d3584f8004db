"""Pages of all answers that are asked for: filter them, remind of them, close a wave, reopen it.

A wave is closed on the page of the list, by its filters, so it is answered here and not by a `Decision`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.answers.actions import waves as actions
from services.reporting.answers.model.certificates import NEEDED
from services.reporting.answers.model.waves import FORMS, MISSING, STATES, AnswerFilter
from services.reporting.answers.views import waves as views
from services.reporting.guards import Steerer
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import PARTNERS
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext, number
from shared.identity.confirmations import rest_on
from shared.ids import read_id
from shared.time import clock
from shared.web import states
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import DateField, Form, Longest, Needed, TextAreaField, sent
from shared.web.lists import Column, Empty, Filter, Listing, list_page
from shared.web.query import CountryText, DayText, IdText, one_of
from shared.web.render import see_other

HERE = "/reporting/waves"
router = APIRouter(prefix=HERE, include_in_schema=False)
PAGE = 50
_DIGITS = 9
_BACK, _AHEAD = timedelta(days=365), timedelta(days=60)


class Filters:
    """The filters of the list, as its address gives them."""

    def __init__(
        self,
        form: Annotated[str, one_of(*FORMS)] = "",
        call: IdText = "",
        country: CountryText = "",
        state: Annotated[str, one_of("missing", "all", *STATES)] = "missing",
        since: DayText = "",
        until: DayText = "",
    ) -> None:
        self.form = form if form in FORMS else ""
        self.country = country if country in PARTNERS else ""
        self.state = state if state in {"missing", "all", *STATES} else "missing"
        self.call = read_id(call)
        self.since = _day(since) or clock.today() - _BACK
        self.until = _day(until) or clock.today() + _AHEAD

    @property
    def wanted(self) -> AnswerFilter:
        """The same for the store."""
        form, respondent, _ = FORMS.get(self.form, ("", "", ""))
        states = {"missing": MISSING, "all": STATES}.get(self.state, (self.state,))
        return AnswerFilter(self.since, self.until, form, str(respondent), self.call, self.country, states)

    @property
    def query(self) -> dict[str, str]:
        """The same as parameters of an address."""
        return {
            "form": self.form,
            "call": str(self.call or ""),
            "country": self.country,
            "state": self.state,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }

    def address(self, path: str = "", **changes: str) -> str:
        """Return the address of the page with these filters."""
        return f"{HERE}{path}?{urlencode({**self.query, **changes})}"


Filtered = Annotated[Filters, Depends()]


async def _keep(request: Request, filters: Filtered) -> None:
    """Keep the filters for the decision, whose functions get the request alone."""
    request.state.filters = filters


def _filters_of(request: Request) -> Filters:
    filters: Filters = request.state.filters
    return filters


class CloseForm(Form):
    """Closing a wave."""

    due_until = DateField(
        N_("Close answers due by"),
        [Needed(N_("Enter the last due date to close"))],
        description=N_("Answers that are due later stay open."),
    )
    reason = TextAreaField(
        N_("Why?"),
        [Needed(N_("Enter a reason. People who come too late read it")), Longest(actions.LONGEST)],
        description=N_("People who come too late read this text. Do not name anybody."),
    )


@router.get("")
async def waves(
    request: Request, _: Steerer, bus: BusDep, filters: Filtered, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """Show the answers that are asked for, how many of each form are in, and which waves are closed."""
    return await _page(request, bus, filters, page=page)


async def _page(
    request: Request, bus: Bus, filters: Filters, *, page: int = 1, closing: Form | None = None, status: int = 200
) -> Response:
    async with bus.read() as session:
        found = await views.wave_list(session, filters.wanted, PAGE, (page - 1) * PAGE)
    known, missing = dict(found.calls), found.missing
    names = (gettext("Application"), gettext("Form"), gettext("Due"), gettext("State"), gettext("Reminded"))
    heading = ngettext("%(many)s answer is missing", "%(many)s answers are missing", missing)
    why = (
        gettext(
            "No answer is missing here. All have answered, missing answers were closed, or nothing that has "
            "ended fits the filters."
        )
        if filters.state == "missing"
        else gettext("No answer fits these filters.")
    )
    listing = Listing(
        gettext("Missing answers"),
        HERE,
        [Column(name) for name in names],
        [[line] for line in found.lines],
        found.total,
        Empty(why, gettext("Show all answers"), filters.address(state="all")),
        page=page,
        size=PAGE,
        filters=_fields(filters, found.calls),
        back="/reporting/",
        back_text=gettext("All figures"),
        done=_done(request),
        heading=heading % {"many": number(missing)} if missing else gettext("No answer is missing"),
        table_title=gettext("Answers"),
    )
    return list_page(
        request,
        listing,
        "answers/waves.html",
        status,
        chosen=filters,
        found=found,
        withholds=NEEDED,
        closing=closing or CloseForm(),
        closes=(FORMS[filters.form], known[filters.call]) if filters.form and filters.call in known else None,
    )


def _fields(filters: Filters, calls: Sequence[tuple[UUID, str]]) -> list[Filter]:
    in_state = [(state, states.state("outcome", state).for_others.word) for state in STATES]
    options = [("missing", gettext("Not answered")), *in_state, ("all", gettext("All"))]
    countries = labels.countries(PARTNERS)
    return [
        Filter("form", gettext("Form"), filters.form, [(code, gettext(name)) for code, (_, _, name) in FORMS.items()]),
        Filter("state", gettext("State"), filters.state, options, always=True),
        Filter("call", gettext("Call"), str(filters.call or ""), [(str(id_), reference) for id_, reference in calls]),
        Filter("country", gettext("Country of officers"), filters.country, countries, all=gettext("All countries")),
        Filter("since", gettext("Due from"), filters.since.isoformat(), always=True, input="date"),
        Filter("until", gettext("Due until"), filters.until.isoformat(), always=True, input="date"),
    ]


def _done(request: Request) -> str:
    """Return what was just done, as the address says it."""
    reminded = request.query_params.get("done_reminded", "")
    match request.query_params.get("done"):
        case "reminded" if many := int(reminded) if reminded.isdecimal() and len(reminded) < _DIGITS else 0:
            sentence = ngettext("%(num)d reminder is being sent.", "%(num)d reminders are being sent.", many)
            return sentence % {"num": many}
        case "reminded":
            return gettext(
                "No reminder was sent. The people concerned were reminded less than three days ago, or have answered."
            )
        case "closed":
            return gettext("Closed. People who come too late see the reason.")
        case "reopened":
            return gettext("Open again. Answers are accepted.")
    return ""


async def _ask_reminders(request: DecisionRequest[Form]) -> Question:
    """Say, before many are reminded, how many they are and who is left out."""
    filters = _filters_of(request.http)
    async with request.bus.read() as session:
        many = await views.to_remind(session, filters.wanted)
    if not many:
        title, text = gettext("Nobody to remind"), ""
    else:
        title = ngettext("Send %(num)d reminder?", "Send %(num)d reminders?", many) % {"num": many}
        text = gettext(
            "People who have not answered receive an email with a link to the form. People who were reminded "
            "in the last three days are left out."
        )
        if many >= views.AT_ONCE:
            at_once = gettext("At most %(most)s are sent at once. Press again for the rest.") % {"most": views.AT_ONCE}
            text = f"{text} {at_once}"
    nobody = gettext("Everybody listed has answered, or was reminded in the last three days.")
    return Question(
        title,
        gettext("Send reminders"),
        filters.address(),
        back_text=gettext("Missing answers"),
        text=text,
        obstacle="" if many else nobody,
        cancel=gettext("No, go back"),
    )


async def _remind(request: DecisionRequest[Form]) -> str:
    """Remind of all missing answers in the list, or of one."""
    filters, data = _filters_of(request.http), await sent(request.http)
    answer_filter, case_id = filters.wanted, read_id(str(data.get("case_id", "")))
    if "case_id" in data:
        form, respondent, _ = FORMS.get(str(data.get("of", "")), ("", "", ""))
        if case_id is None or not form:
            raise Refused(gettext("There is no such answer."), 404)
        answer_filter = AnswerFilter(date.min + timedelta(days=1000), date.max, form, str(respondent))
    many = await actions.remind(request.bus, request.principal, answer_filter, case_id)
    return filters.address(done="reminded", done_reminded=str(many))


add_decision(router, Steerer, Decision("/remind", Form, _ask_reminders, _remind, query=(Depends(_keep),)))


@router.post("/closings")
async def close(request: Request, principal: Steerer, bus: BusDep, filters: Filtered) -> Response:
    """Close the wave that the filters name: a form of a call."""
    if not filters.form or filters.call is None:
        raise Refused(gettext("Choose a form and a call first. A wave is one form of one call."), 422)
    form = await CloseForm.read(request)
    if form.validate():
        kind, respondent, _ = FORMS[filters.form]
        try:
            closing_id = await actions.close(
                bus,
                principal,
                call_id=filters.call,
                form=kind,
                respondent=str(respondent),
                due_until=form.due_until.data,
                reason=form.reason.data or "",
            )
        except Refused as problem:
            if not problem.fields:
                raise
            for name, sentence in problem.fields.items():
                form.refuse(name, sentence)
        else:
            rest_on(request, "closing_id", closing_id)
            return see_other(filters.address(done="closed"))
    return await _page(request, bus, filters, closing=form, status=422)


@router.post("/closings/{closing_id}/reopen")
async def reopen(principal: Steerer, bus: BusDep, closing_id: UUID) -> Response:
    """Reopen a wave."""
    await actions.reopen(bus, principal, closing_id)
    return see_other(f"{HERE}?done=reopened")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
