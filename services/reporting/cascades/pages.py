"""Pages of cascade sessions: the officer reports them, the line manager confirms or refuses them.

One page holds the forms to report, to confirm and to refuse, so they are answered here and not by a `Decision`.
"""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.cascades import actions
from services.reporting.cascades.model import LONGEST, LONGEST_REASON, CascadeState, Session, problems
from services.reporting.cascades.views import Sessions, sessions
from services.reporting.guards import Passing
from services.reporting.parameters import BusDep
from shared.contracts.codes import CascadeFormat, CascadeRefusal
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity.confirmations import rest_on
from shared.ids import new_id, read_id
from shared.time import clock
from shared.web import states
from shared.web.forms import (
    DateField,
    Form,
    Longest,
    Needed,
    NumberField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)


class SessionForm(Form):
    """A session that was held."""

    held_on = DateField(N_("When was it?"), [Needed(N_("Enter the day of the session"))])
    format = RadioField(N_("What kind of session?"), [Needed(N_("Select the kind of session"))], choices=CascadeFormat)
    attendees = NumberField(
        N_("How many people did you reach?"),
        [Needed(N_("Enter how many people you reached, from 1 to 5,000"))],
        description=N_("We ask your line manager to confirm the number."),
    )
    about = StringField(
        N_("What was it about?"),
        [Needed(N_("Enter in a few words what it was about")), Longest(LONGEST)],
        description=N_("In a few words. Do not name anybody."),
    )

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the session, wherever it was reported."""
        return {name: gettext(text) for name, text in problems(self.session(), clock.today()).items()}

    def session(self) -> Session:
        """Return what was written."""
        return Session(self.held_on.data, self.format.data or "", self.attendees.data, self.about.data or "")


class ConfirmForm(Form):
    """The line manager's yes."""

    attendees = NumberField(
        N_("How many people did it reach?"),
        [Needed(N_("Enter how many people were reached. It must not be more than the officer reported"))],
        description=N_("Enter a lower number if it was fewer."),
    )
    why = TextAreaField(
        N_("If it was fewer, why?"), [Longest(LONGEST_REASON)], description=N_("In a few words. Do not name anybody.")
    )


class RefuseForm(Form):
    """The line manager's no."""

    reason = SelectField(
        N_("Reason"), [Needed(N_("Choose a reason"))], choices=CascadeRefusal, blank=N_("Choose a reason")
    )


def _page(
    request: Request,
    found: Sessions,
    *,
    form: Form | None = None,
    confirming: Form | None = None,
    refusing: Form | None = None,
    cascade_id: str = "",
    status: int = 200,
) -> Response:
    waiting = [row for row in reversed(found.rows) if row.state == CascadeState.REPORTED and found.form.case.open]
    next_session = next((row for row in waiting if str(row.id) == cascade_id), waiting[0] if waiting else None)
    return render(
        request,
        "cascades/confirm.html" if found.managed else "cascades/sessions.html",
        status,
        found=found,
        address=f"/reporting/cascades/{found.form.subject}",
        rows=[(row, states.state("cascade", row.state)) for row in found.rows],
        session=next_session,
        left=len(waiting),
        form_=form or SessionForm(),
        confirming=confirming or ConfirmForm(data={"attendees": next_session.attendees if next_session else None}),
        refusing=refusing or RefuseForm(),
        cascade_id=cascade_id or str(new_id()),
        done=request.query_params.get("done") == "told",
        formats=CascadeFormat,
        reasons=CascadeRefusal,
    )


@router.get("/reporting/cascades/{subject}")
async def show(request: Request, _: Passing, bus: BusDep, subject: str) -> Response:
    """Show what was reported; to the officer the form for more, to the line manager the next one to confirm."""
    async with bus.read() as session:
        return _page(request, await sessions(session, subject))


@router.post("/reporting/cascades/{subject}")
async def report(request: Request, _: Passing, bus: BusDep, subject: str) -> Response:
    """Report a session."""
    form = await SessionForm.read(request)
    cascade_id, status = read_id(str((await request.form()).get("cascade_id", ""))) or new_id(), 422
    if form.validate():
        try:
            await actions.report(bus, subject, cascade_id, form.session())
        except Refused as problem:
            form.take(problem, statuses=(409, 422) if problem.code is ProblemCode.DUPLICATE else (422,))
            if problem.code is ProblemCode.DUPLICATE:
                status, cascade_id = 409, new_id()  # sent again, it is another session
        else:
            rest_on(request, "cascade_id", cascade_id)
            return see_other(f"/reporting/cascades/{subject}?done=told")
    async with bus.read() as session:
        return _page(request, await sessions(session, subject), form=form, cascade_id=str(cascade_id), status=status)


@router.post("/reporting/cascades/{subject}/{cascade_id}/confirm")
async def confirm(request: Request, _: Passing, bus: BusDep, subject: str, cascade_id: UUID) -> Response:
    """Confirm a session as line manager, perhaps with a lower number."""
    form = await ConfirmForm.read(request)
    if form.validate():
        try:
            await actions.confirm(bus, subject, cascade_id, form.attendees.data, form.why.data or "")
        except Refused as problem:
            form.take(problem)
        else:
            return see_other(f"/reporting/cascades/{subject}?done=told")
    async with bus.read() as session:
        found = await sessions(session, subject)
    return _page(request, found, confirming=form, cascade_id=str(cascade_id), status=422)


@router.post("/reporting/cascades/{subject}/{cascade_id}/refuse")
async def refuse(request: Request, _: Passing, bus: BusDep, subject: str, cascade_id: UUID) -> Response:
    """Refuse a session as line manager."""
    form = await RefuseForm.read(request)
    if form.validate():
        try:
            await actions.refuse(bus, subject, cascade_id, form.reason.data or "")
        except Refused as problem:
            form.take(problem)
        else:
            return see_other(f"/reporting/cascades/{subject}?done=told")
    async with bus.read() as session:
        found = await sessions(session, subject)
    return _page(request, found, refusing=form, cascade_id=str(cascade_id), status=422)
