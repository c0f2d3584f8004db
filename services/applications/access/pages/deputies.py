"""Show and name deputies, and end them."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.access.actions import deputies
from services.applications.guards import Holder
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.forms import DAY_HINT, set_choices
from services.applications.register.views import deputies as views
from services.applications.register.views import words
from services.applications.register.views.deputies import DeputyOffices
from services.applications.register.views.entries import Person
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.ids import read_id
from shared.time import clock
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import DateField, Form, Needed, SelectField
from shared.web.query import IdText, declared
from shared.web.render import see_other

router = APIRouter(include_in_schema=False)
DEPUTIES, PEOPLE = f"{REGISTER}/deputies", f"{REGISTER}/people"


class DeputyForm(Form):
    """Name a deputy for a term."""

    role = SelectField(N_("For which role?"), [Needed(N_("Choose a role"))])
    deputy = SelectField(N_("Who is the deputy?"), [Needed(N_("Choose a person"))])
    since = DateField(N_("First day"), [Needed(N_("Enter the first day"))], description=DAY_HINT)
    until = DateField(N_("Last day"), [Needed(N_("Enter the last day"))], description=DAY_HINT)


def _holder_id(request: DecisionRequest[DeputyForm]) -> UUID | None:
    """Return the id of the person whose deputies are shown; None for the reader's own."""
    return read_id(request.http.query_params.get("person", ""))


async def _new_deputy(_: DecisionRequest[DeputyForm]) -> DeputyForm:
    return DeputyForm(data={"since": clock.today()})


async def _offer(request: DecisionRequest[DeputyForm]) -> None:
    """Offer the offices for which a deputy can be named, and the candidates."""
    form = request.form
    async with request.bus.read() as session:
        offices = await views.deputy_offices(session, request.principal, _holder_id(request))
    roles = [(role.value, labels.role(role)) for role in offices.roles]
    set_choices(form.role, roles, blank=N_("Choose one") if len(roles) > 1 else None)
    candidates = [(str(person.id), _candidate(person, offices)) for person in offices.candidates]
    set_choices(form.deputy, candidates, blank=N_("Choose one"))


def _candidate(person: Person, offices: DeputyOffices) -> str:
    organisation = offices.organisations.get(str(person.organisation_id))
    return f"{person.name} ({organisation})" if organisation is not None else person.name


async def _ask_deputy(request: DecisionRequest[DeputyForm]) -> Question:
    """Show the reader's deputies and those for whom the reader stands in, with a form to name a deputy."""
    async with request.bus.read() as session:
        offices = await views.deputy_offices(session, request.principal, _holder_id(request))
        own_deputies = await views.deputies(session, offices.holder.subject)
    own = offices.holder.subject == request.principal.subject
    title = gettext("Deputies") if own else gettext("Deputies of %(name)s") % {"name": offices.holder.name}
    text = (
        gettext(
            "A deputy does what you do in a role for a limited time. Everybody sees that they act as a deputy. "
            "You keep the role."
        )
        if own
        else gettext("A deputy does what this person does in a role for a limited time. The person keeps the role.")
    )
    return Question(
        title,
        gettext("Name deputy"),
        "/applications/" if own else f"{PEOPLE}/{offices.holder.id}",
        text=text,
        template="access/deputies.html",
        more={
            "holder": offices.holder,
            "own": own,
            "offices": offices.offices,
            "deputies": own_deputies.deputies,
            "for_others": own_deputies.stands_in_for,
            "register_words": words,
            "today": clock.today(),
            "done": request.http.query_params.get("done"),
        },
    )


async def _name_deputy(request: DecisionRequest[DeputyForm]) -> str:
    holder_id, form = _holder_id(request), request.form
    assert form.since.data is not None
    await deputies.appoint_deputy(
        request.bus,
        request.principal,
        deputy_id=UUID(form.deputy.data),
        role=Role(form.role.data),
        since=form.since.data,
        until=form.until.data,
        holder_id=holder_id,
    )
    return _deputies_at(holder_id, "named")


_HOLDER = declared({"person": IdText})
add_decision(
    router,
    Holder,
    Decision(DEPUTIES, DeputyForm, _ask_deputy, _name_deputy, new=_new_deputy, prepare=_offer, query=(_HOLDER,)),
)


def _deputies_at(holder_id: UUID | None, done: str) -> str:
    return f"{DEPUTIES}?done={done}" + (f"&person={holder_id}" if holder_id else "")


@router.post(f"{DEPUTIES}/end")
async def end_deputy(request: Request, principal: Holder, bus: BusDep, person: str = "") -> Response:
    """End a deputy early."""
    sent = await request.form()
    deputy_text, _, rest = str(sent.get("deputy", "")).partition(":")
    role, _, since = rest.partition(":")
    deputy_id = read_id(deputy_text)
    try:
        since_day, office = date.fromisoformat(since), Role(role)
    except ValueError:
        deputy_id = None
    if deputy_id is None:
        raise Refused(gettext("This deputy no longer exists."), 404)
    await deputies.end(bus, principal, deputy_id=deputy_id, role=office, since=since_day)
    return see_other(_deputies_at(read_id(person), "ended"))
