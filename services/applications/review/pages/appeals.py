"""The page on which an officer appeals against a decision."""

from fastapi import APIRouter

from services.applications.application.model.answers import application_address
from services.applications.application.views.standing import own_case
from services.applications.guards import Officer
from services.applications.review.actions import appeals as actions
from shared.i18n import N_, gettext
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, Longest, Needed, TextAreaField

router = APIRouter(prefix="/applications/mine", include_in_schema=False)


class AppealForm(Form):
    """The officer's reasons against a decision."""

    text = TextAreaField(
        N_("Why do you think that the decision is wrong?"),
        [Needed(N_("Explain why you think the decision is wrong")), Longest(actions.MOST)],
        description=N_("The person who decides on the appeal reads this. Say what was missed or has changed."),
    )


async def _ask(request: DecisionRequest[AppealForm]) -> Question | str:
    """Ask for the reason, and show the decision and the deadline."""
    address = application_address(request.id)
    case = await own_case(request.bus, request.principal, request.id)
    async with request.bus.read() as session:
        decision = await actions.appealable(session, case.application)
    if not actions.may_file(case.application, decision):
        return address
    return Question(
        gettext("Appeal against the decision"),
        gettext("Send appeal"),
        address,
        caption=case.application.reference or "",
        cancel=gettext("No, go back"),
        template="review/appeal_form.html",
        more={"application": case.application, "of": decision},
    )


async def _file(request: DecisionRequest[AppealForm]) -> str:
    await actions.file(request.bus, request.principal, request.id, request.form.text.data or "")
    return application_address(request.id) + "?done=appealed"


add_decision(router, Officer, Decision("/{application_id}/appeal", AppealForm, _ask, _file))
