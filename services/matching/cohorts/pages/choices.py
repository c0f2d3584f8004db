"""The pages on which the programme coordinator holds somebody back, pins or moves a match before a cohort."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import choices as actions
from services.matching.cohorts.actions.choices import Possible
from services.matching.cohorts.model import Choice, ChoiceKind
from services.matching.cohorts.pages.changed import changed_choices, seen_choices
from services.matching.cohorts.pages.commit import read_cohort
from services.matching.cohorts.views import decision
from services.matching.cohorts.views.decision import CohortFacts
from services.matching.facts.views import Place
from services.matching.parameters import BusDep
from services.matching.words import place_name
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import Role, StatedReason
from shared.contracts.codes.reasons import published
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.ids import read_id
from shared.web.forms import Form, Needed, RadioField, SelectField, options, sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class ChoiceForm(Form):
    """The choice for a match of the cohort, and the place for it."""

    choice = RadioField(N_("Your choice"), [Needed(N_("Select what you want to do"))], choices=())
    seat = SelectField(N_("New place"), choices=(), description=N_("Only if you move the match."))


class ReasonForm(Form):
    """The reason for a choice, which no address shows: addresses stay in histories and logs."""

    reason = SelectField(
        N_("Reason"),
        [Needed(N_("Select a reason"))],
        choices=StatedReason,
        blank=N_("Choose a reason"),
        description=N_(
            "The officer's explanation shows this reason. Health and clearance are shown as a personal reason."
        ),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """The application whose match is looked at, with its place now and the places that it could have."""

    read: CohortFacts
    id: UUID
    possible: Possible

    @property
    def reference(self) -> str:
        """The reference of the application."""
        return self.read.snapshot.facts.candidates[self.id].reference

    @property
    def seat(self) -> Place | None:
        """The place that it has now."""
        return None if self.possible.seat_id is None else self.read.places.get(self.possible.seat_id)

    @property
    def others(self) -> Sequence[Place]:
        """The other places that it could have, by reference."""
        found = [self.read.places[seat_id] for seat_id in self.possible.seats]
        return sorted(found, key=lambda place: place.reference)


@dataclass(frozen=True, slots=True)
class _SentChoice:
    """A choice as it was sent, for an application of a call; `is_sent` is false where the form was only opened."""

    call_id: UUID
    id: UUID
    choice: str
    seat: str
    is_sent: bool = True


@router.get("/cohorts/{call_id}/choices/{application_id}")
async def choose(
    request: Request,
    bus: BusDep,
    principal: Programme,
    call_id: UUID,
    application_id: UUID,
    choice: str = "",
    seat: str | None = None,
) -> Response:
    """Ask what to do with a match; once that is chosen, show what it costs and ask for the reason."""
    chosen = _SentChoice(call_id, application_id, choice, seat or "", is_sent=bool(choice) or seat is not None)
    return await _priced(request, bus, principal, chosen, ReasonForm())


async def _priced(
    request: Request, bus: Bus, principal: Principal, chosen: _SentChoice, reason: ReasonForm, status: int = 200
) -> Response:
    """Show what a choice costs, with the form for its reason; ask again for a choice that cannot be read."""
    read = await read_cohort(request, bus, principal, chosen.call_id)
    case = _Case(read, chosen.id, await actions.possible(bus, chosen.call_id, chosen.id))
    form = ChoiceForm(QueryParams({"choice": chosen.choice, "seat": chosen.seat})) if chosen.is_sent else ChoiceForm()
    _offer(form, case)
    if not chosen.is_sent:
        return _page(request, case, form)
    valid = form.validate()
    if chosen.choice == ChoiceKind.MOVE and not chosen.seat:
        form.refuse("seat", gettext("Select a place"))
        valid = False
    # What a choice costs does not depend on its reason, which is chosen beside the price.
    wanted = _choice(chosen.choice, chosen.seat, StatedReason.OTHER, case.possible.seat_id) if valid else None
    if wanted is None:
        return _page(request, case, form, 422)
    try:
        price = await actions.price(bus, chosen.call_id, chosen.id, wanted)
    except Refused as refused:
        form.take(refused, "seat")
        return _page(request, case, form, 422)
    in_words = decision.price_in_words(read, price)
    return render(
        request,
        "cohorts/choice_price.html",
        status,
        seen=seen_choices(chosen.call_id, decision.choice_rows(read), {chosen.id: in_words}),
        case=case,
        choice=wanted,
        place=read.places.get(wanted.seat_id) if wanted.seat_id else None,
        price=in_words,
        form_=reason,
    )


def _offer(form: ChoiceForm, case: _Case) -> None:
    """Offer what is possible for the application."""
    later = gettext("Not in this cohort. The application stays in the matching for the next one.")
    found = [(ChoiceKind.HOLD_BACK.value, gettext("Hold back"), later)]
    if case.seat is not None:
        kept = gettext("Fixed to %(place)s, whatever else you choose.") % {"place": case.seat.reference}
        found.append((ChoiceKind.PIN.value, gettext("Pin to this place"), kept))
    if case.others:
        found.append((ChoiceKind.MOVE.value, gettext("Move to another place"), gettext("Select the place below.")))
    # An address without a place stands for none.
    form.seat.data = form.seat.data or ""
    form.choice.choices = options(found)()
    form.seat.choices = options([(str(place.id), place_name(place)) for place in case.others], N_("Select a place"))()


def _page(request: Request, case: _Case, form: ChoiceForm, status: int = 200) -> Response:
    return render(request, "cohorts/choice.html", status, case=case, form_=form)


@router.post("/cohorts/drafts/{draft_id}")
async def keep(request: Request, bus: BusDep, principal: Programme, draft_id: UUID) -> Response:
    """Note a choice for the next cohort of a call, or remove one."""
    form = await sent(request)
    undone, application = (read_id(str(form.get(name) or "")) for name in ("undo", "application"))
    kind, seat = (str(form.get(name) or "") for name in ("choice", "seat"))
    stated = await ReasonForm.read(request)
    if undone is None and application is not None and kind and not stated.validate():
        return await _priced(request, bus, principal, _SentChoice(draft_id, application, kind, seat), stated, 422)
    wanted = None if undone is not None else _choice(kind, seat, stated.reason.data)
    try:
        if undone is not None:
            await actions.undo(bus, principal.subject, draft_id, undone)
        elif application is None or wanted is None:
            raise Refused(gettext("Select what to do with which match, and a reason."), 422)
        else:
            await actions.choose(bus, principal.subject, draft_id, application, wanted)
    except Outdated as outdated:
        if outdated.code is ProblemCode.VERSION_NEEDED:
            raise
        read = await read_cohort(request, bus, principal, draft_id)
        rows = decision.choice_rows(read)
        if application is None or wanted is None:
            return await changed_choices(request, draft_id, rows, outdated, gettext("Remove choice"))
        price = decision.price_in_words(read, await actions.price(bus, draft_id, application, wanted))
        return await changed_choices(request, draft_id, rows, outdated, gettext("Save choice"), {application: price})
    return see_other(f"/matching/cohorts/{draft_id}")


def _choice(kind: str, seat: str, reason: str | None, present: UUID | None = None) -> Choice | None:
    """Return a choice as it was sent; a pin is to the `present` place. None for one that cannot be read."""
    try:
        wanted, stated = ChoiceKind(kind), StatedReason(reason or "")
    except ValueError:
        return None
    seat_id = present if wanted is ChoiceKind.PIN and present is not None else read_id(seat)
    if wanted is ChoiceKind.HOLD_BACK:
        seat_id = None
    elif seat_id is None:
        return None
    return Choice(kind=wanted, reason=published(stated), seat_id=seat_id)
