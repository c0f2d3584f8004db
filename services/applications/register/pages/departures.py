"""The pages on which a person leaves or moves, with the open matters first."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Decider
from services.applications.parameters import REGISTER
from services.applications.register.actions import proposals
from services.applications.register.forms import LeaveForm, TransferForm, set_choices
from services.applications.register.model.proposals import Leave, Transfer
from services.applications.register.pages.common import keep_note, note_of, save_button, submitted_address
from services.applications.register.views import entries, people
from services.applications.register.views.people import Departure
from services.applications.register.views.scope import decides
from shared.contracts import labels
from shared.i18n import N_, gettext
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision

router = APIRouter(prefix=f"{REGISTER}/people", include_in_schema=False)
AT = f"{REGISTER}/people"


async def _departure(request: DecisionRequest[LeaveForm] | DecisionRequest[TransferForm]) -> Departure:
    async with request.bus.read() as session:
        return await people.departure(session, request.principal, request.id)


def _question(leaving: Departure, *, title: str, button: str, text: str, warning: bool = False) -> Question:
    return Question(
        title % {"name": leaving.person.name},
        button,
        f"{AT}/{leaving.person.id}",
        caption=labels.country(leaving.person.country),
        text=text,
        warning=warning,
        template="register/open_matters.html",
        more={"matters": leaving.matters, "offices": leaving.offices},
    )


async def _ask_leave(request: DecisionRequest[LeaveForm]) -> Question:
    programme = decides(request.principal)
    return _question(
        await _departure(request),
        title=gettext("End access of %(name)s"),
        button=gettext("End access") if programme else save_button(decides=False),
        text=gettext("All roles end with the last day, including deputies' roles. The history stays."),
        warning=programme,
    )


async def _offer_successors(request: DecisionRequest[LeaveForm]) -> None:
    """Offer people of the same country or organisation whom the reader sees, if there is an office."""
    form = request.form
    keep_note(form, request.principal)
    async with request.bus.read() as session:
        leaving = await people.departure(session, request.principal, request.id)
        if not leaving.offices:
            del form.successor
            return
        candidates = await people.successors(session, request.principal, leaving)
    set_choices(form.successor, [(str(person.id), person.name) for person in candidates], blank=N_("Nobody"))


async def _leave(request: DecisionRequest[LeaveForm]) -> str:
    form, successor = request.form, None
    async with request.bus.read() as session:
        person = await entries.person(session, request.principal, request.id)
        if "successor" in form and form.successor.data:
            successor = (await entries.person(session, request.principal, UUID(form.successor.data))).subject
    change = Leave(subject=person.subject, last_day=form.last_day.data, successor=successor)
    submitted = await proposals.submit(request.bus, request.principal, change, note_=note_of(form))
    return submitted_address(submitted, AT)


async def _ask_transfer(request: DecisionRequest[TransferForm]) -> Question:
    moving = await _departure(request)
    text = gettext(
        "The person keeps their applications and history. Roles in the old organisation end the day before. An "
        "officer or mentor stays the same in the new organisation. Any other role must be given again there."
    )
    if moving.keeps_programme_roles:
        text += " " + gettext("Programme-wide roles stay.")
    return _question(
        moving,
        title=gettext("Move %(name)s to another organisation"),
        button=gettext("Move person") if decides(request.principal) else save_button(decides=False),
        text=text,
    )


async def _offer_organisations(request: DecisionRequest[TransferForm]) -> None:
    """Offer every active organisation, as a person may move to another country."""
    keep_note(request.form, request.principal)
    async with request.bus.read() as session:
        person = await entries.person(session, request.principal, request.id)
        organisations = await entries.organisations(session)
    organisation_options = [
        (str(organisation.id), f"{organisation.name} ({labels.country(organisation.country)})")
        for organisation in sorted(
            organisations,
            key=lambda candidate: (candidate.country != person.country, candidate.country, candidate.name),
        )
        if organisation.active and organisation.id != person.organisation_id
    ]
    set_choices(request.form.organisation_id, organisation_options, blank=N_("Choose one"))


async def _transfer(request: DecisionRequest[TransferForm]) -> str:
    form = request.form
    async with request.bus.read() as session:
        person = await entries.person(session, request.principal, request.id)
    change = Transfer(subject=person.subject, organisation_id=UUID(form.organisation_id.data), day=form.day.data)
    submitted = await proposals.submit(request.bus, request.principal, change, note_=note_of(form))
    return submitted_address(submitted, AT)


add_decision(router, Decider, Decision("/{person_id}/leave", LeaveForm, _ask_leave, _leave, prepare=_offer_successors))
add_decision(
    router,
    Decider,
    Decision("/{person_id}/transfer", TransferForm, _ask_transfer, _transfer, prepare=_offer_organisations),
)
