"""The pages on which the programme coordinator overrides the matching: choose a place, see its price, confirm."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.interventions.actions import overrides
from services.matching.interventions.actions.reasons import LONGEST, OverrideReason, words_of
from services.matching.interventions.views.overrides import cost_facts, override_choice, override_confirmation
from services.matching.lifecycle.views import pairs_in_words
from services.matching.parameters import BusDep
from services.matching.words import place_name, rule_name
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts.codes import Reason, Role, StatedReason
from shared.contracts.codes.reasons import published
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.identity.versions import show_versions
from shared.ids import read_id
from shared.runtime.service import service_of
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, Longest, Needed, SelectField, TextAreaField, options
from shared.web.render import render, see_other
from shared.web.several import Comparison, compared, comparison_page, seen_by_reader, seen_text

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class OverrideForm(Form):
    """The place for an application, out of those of its call, and the reason."""

    seat = SelectField(N_("Place"), [Needed(N_("Select a place"))], choices=())
    reason = SelectField(
        N_("Reason"),
        [Needed(N_("Select a reason"))],
        choices=StatedReason,
        blank=N_("Choose a reason"),
        description=N_(
            "The officer's explanation shows this reason. Health and clearance are shown as a personal reason."
        ),
    )
    text = TextAreaField(
        N_("Reason in your own words"),
        [Needed(N_("Enter the reason in your own words")), Longest(LONGEST)],
        description=N_("Coordinators of this case and auditors read it. The officer does not."),
    )
    reference = ""


async def _offer_places(request: DecisionRequest[OverrideForm]) -> None:
    async with request.bus.read() as session:
        view = await override_choice(session, request.id)
    request.form.reference = view.applicant.reference
    full = gettext("%(place)s: full, another match must give up its place")
    places = [(str(place.id), place_name(place)) for place in view.free]
    places += [(str(place.id), full % {"place": place_name(place)}) for place in view.full]
    request.form.seat.choices = options(places, N_("Select a place"))()


async def _ask(request: DecisionRequest[OverrideForm]) -> Question:
    return Question(
        gettext("Assign a place manually"),
        gettext("Show what it costs"),
        f"/matching/applications/{request.id}",
        caption=request.form.reference,
        text=gettext(
            "Your choice replaces the result of the matching. The next page shows which rules this overrides "
            "and what it costs others. Nothing happens before that."
        ),
    )


async def _show_price(request: DecisionRequest[OverrideForm]) -> Response:
    """Show the price, and who pays it; nothing is done yet."""
    seat_id, reason = UUID(request.form.seat.data), StatedReason(request.form.reason.data)
    instead = read_id(str((await request.http.form()).get("instead") or ""))
    found = await overrides.weighed(request.bus, request.principal.subject, request.id, seat_id, instead)
    async with request.bus.read() as session:
        view = await override_confirmation(session, request.id, seat_id, found.price, found.own, found.may_yield)
        seen = await pairs_in_words(session, {request.id: seat_id}, request.principal.subject)
    costs = cost_facts(view, found.price)
    return render(
        request.http,
        "interventions/override_price.html",
        view=view,
        seen=seen_text({**seen, seat_id: costs}),
        full=found.full,
        costs=costs,
        refused=[rule_name(rule) for rule in found.refused],
        instead=instead,
        reason=reason.value,
        reason_name=labels.label(reason),
        text=request.form.text.data or "",
    )


add_decision(
    router,
    Programme,
    Decision(
        "/applications/{application_id}/override",
        OverrideForm,
        _ask,
        _show_price,
        at="seat",
        prepare=_offer_places,
    ),
)


@router.post("/applications/{application_id}/override/commit")
async def commit(request: Request, bus: BusDep, principal: Programme, application_id: UUID) -> Response:
    """Put the application to the place that was weighed; where it has changed the page shows both versions."""
    form = await request.form()
    seat_id, reason = read_id(str(form.get("seat") or "")), _reason(form.get("reason"))
    if seat_id is None or reason is None:
        raise Refused(gettext("Select a place and a reason."), 422)
    instead = read_id(str(form.get("instead") or ""))
    stated = OverrideReason(reason, words_of(str(form.get("text") or "")))
    wanted = overrides.WantedOverride(application_id, seat_id, stated, instead)
    try:
        await overrides.put(bus, service_of(request).settings, principal.subject, wanted)
    except (Refused, Outdated) as refused:
        if refused.code not in {ProblemCode.WRONG_STATE, ProblemCode.OUTDATED}:
            raise
        return await _changed_page(request, bus, principal, application_id, seat_id, refused)
    return see_other(f"/matching/applications/{application_id}")


async def _changed_page(
    request: Request, bus: Bus, principal: Principal, application_id: UUID, seat_id: UUID, refused: Refused | Outdated
) -> Response:
    """Show the application and the place as the reader saw them beside what is true now, and assign it if possible.

    Raises the refusal where nothing has changed.
    """
    form, known = await request.form(), await seen_by_reader(request)
    seen = known.get(application_id)
    async with bus.read() as session:
        present = (await pairs_in_words(session, {application_id: seat_id}, principal.subject)).get(application_id)
    if present is None or (isinstance(refused, Refused) and (seen is None or list(seen) == list(present))):
        raise refused
    address = f"/matching/applications/{application_id}"
    changed, facts = [compared(application_id, present[0][1], seen, present, href=address)], {application_id: present}
    possible = isinstance(refused, Outdated)
    if isinstance(refused, Outdated):
        show_versions(request, refused)
        instead = read_id(str(form.get("instead") or ""))
        found = await overrides.weighed(bus, principal.subject, application_id, seat_id, instead)
        async with bus.read() as session:
            view = await override_confirmation(
                session, application_id, seat_id, found.price, found.own, found.may_yield
            )
        facts[seat_id] = costs = cost_facts(view, found.price)
        if known.get(seat_id) != costs:
            changed.append(compared(seat_id, gettext("What it costs"), known.get(seat_id), costs))
        possible = not found.price.forbidden
    comparison = Comparison(
        gettext("Check what has changed"),
        (refused.detail,),
        changed,
        gettext("Assign place") if possible else "",
        f"{address}/override/commit",
        f"{address}/override",
        seen_text(facts),
        fields=[(name, str(form[name])) for name in ("seat", "reason", "text", "instead") if name in form],
        warning=True,
    )
    return comparison_page(request, comparison)


def _reason(entered: object) -> Reason | None:
    try:
        return published(StatedReason(str(entered)))
    except ValueError:
        return None
