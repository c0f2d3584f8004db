"""Suspend and reinstate a partner: form, preview of every case, confirmation."""

from datetime import date
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.partners import model, views
from services.applications.partners.actions import notices, suspension
from services.applications.partners.forms import (
    PARAMETERS,
    ReinstateForm,
    SuspendForm,
    as_parameters,
    choices_of,
    day_of,
    form_choices,
    keep_groups,
)
from services.applications.partners.pages.common import at, open_case_rows, reference, state_tag, supply
from shared.contracts import labels
from shared.i18n import gettext
from shared.time import clock
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, sent
from shared.web.query import CountryText, declared
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/partners", include_in_schema=False)


async def _partner(request: DecisionRequest[Form]) -> views.Partner:
    async with request.bus.read() as session:
        return await views.partner(session, request.words["country"])


async def _new_suspension(_: DecisionRequest[Form]) -> Form:
    return SuspendForm(data={"since": clock.today()})


async def _offer(request: DecisionRequest[Form]) -> None:
    """Ask only about the groups that have cases, and offer the funds that can pay."""
    async with request.bus.read() as session:
        partner = await views.partner(session, request.words["country"])
        funds = await views.paying_funds(session)
    keep_groups(request.form, partner.open_cases, funds)


async def _ask_suspend(request: DecisionRequest[Form]) -> Question:
    """Ask from when, and what happens to each group."""
    partner = await _partner(request)
    country = partner.standing.country
    return Question(
        gettext("Suspend %(country)s") % {"country": labels.country(country)},
        gettext("Preview changes"),
        at(country),
        template="partners/suspend.html",
        more={"open_cases": open_case_rows(partner.open_cases), "supply": len(partner.open_cases.supply)},
    )


async def _to_preview(request: DecisionRequest[Form]) -> str:
    """Check the choices, and go on to the preview of every case."""
    country, since = request.words["country"], request.form["since"].data
    choices = form_choices(request.form, (await _partner(request)).open_cases)
    async with request.bus.read() as session:
        await suspension.preview(session, country, since, choices)
    return at(country, "suspend", "preview") + "?" + urlencode(as_parameters(since, choices))


add_decision(
    router,
    Coordinator,
    Decision("/{country}/suspend", SuspendForm, _ask_suspend, _to_preview, new=_new_suspension, prepare=_offer),
)


Choices = Annotated[dict[str, str], declared(PARAMETERS)]


@router.get("/{country}/suspend/preview")
async def preview(request: Request, country: CountryText, _: Coordinator, bus: BusDep, values: Choices) -> Response:
    """Show exactly which cases are affected, and how."""
    async with bus.read() as session:
        found_preview = await suspension.preview(session, country, day_of(values), choices_of(values))
    return await _preview_page(request, bus, found_preview)


async def _preview_page(
    request: Request,
    bus: BusDep,
    preview: suspension.Preview,
    status: int = 200,
    problem: str | None = None,
    note: str = "",
) -> Response:
    async with bus.read() as session:
        funds = await views.paying_funds(session)
    groups = [
        {
            "name": model.group_name(side, stage),
            "said": model.choice_in_words(
                next(case for case in preview.choices if (case.side, case.stage) == (side, stage)), funds
            ),
            "cases": [
                [reference(case), state_tag(stage, case), case.other and labels.country(case.other)]
                for case in preview.open_cases.of(side, stage)
            ],
        }
        for side, stage in preview.open_cases.groups
    ]
    return render(
        request,
        "partners/preview.html",
        status,
        country=preview.open_cases.country,
        since=preview.since,
        at_once=preview.since <= clock.today(),
        groups=groups,
        supply=[[case.reference, supply(case)] for case in preview.open_cases.supply],
        hidden={**as_parameters(preview.since, preview.choices), "digest": preview.digest},
        problem=problem,
        note=note,
    )


@router.post("/{country}/suspend/confirm")
async def confirm(request: Request, country: str, principal: Coordinator, bus: BusDep) -> Response:
    """Suspend the partner in one step; if something has changed since, show the preview again."""
    values = {name: str(value) for name, value in (await sent(request)).items()}
    note = values.get("note", "")
    try:
        decision = await suspension.suspend(
            bus,
            principal,
            country,
            day_of(values),
            choices_of(values),
            digest=values.get("digest", ""),
            note=note,
        )
    except suspension.Changed as changed:
        return await _preview_page(request, bus, changed.preview, 409, changed.detail, note)
    return see_other(at(country, "decisions", decision.id) + "?done=decided")


async def _new_reinstatement(_: DecisionRequest[ReinstateForm]) -> ReinstateForm:
    return ReinstateForm(data={"since": clock.today()})


async def _ask_reinstate(request: DecisionRequest[ReinstateForm]) -> Question:
    """Ask from when the partner takes part again."""
    country = (await _partner(request)).standing.country
    return Question(
        gettext("Reinstate %(country)s") % {"country": labels.country(country)},
        gettext("Reinstate partner"),
        at(country),
        follows=[
            gettext(
                "Its people get their access back, except for access that has ended meanwhile. Everybody "
                "must sign in again."
            ),
            gettext("Placements and mentors stay paused until their owners resume them."),
            gettext(
                "What was cancelled stays cancelled, but its officers may apply again. A notice that is still "
                "running ends."
            ),
        ],
    )


async def _reinstate(request: DecisionRequest[ReinstateForm]) -> str:
    form, country = request.form, request.words["country"]
    decision = await suspension.reinstate(
        request.bus, request.principal, country, form.since.data or date.min, form.note.data or ""
    )
    return at(country, "decisions", decision.id) + "?done=decided"


add_decision(
    router,
    Coordinator,
    Decision("/{country}/reinstate", ReinstateForm, _ask_reinstate, _reinstate, at="since", new=_new_reinstatement),
)


@router.post("/{country}/decisions/{decision_id}/withdraw")
async def withdraw(country: str, decision_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Withdraw a decision whose day has not come."""
    await suspension.withdraw(bus, principal, country, decision_id)
    return see_other(at(country, "decisions", decision_id) + "?done=withdrawn")


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Withdraw the notice of one case."""
    await notices.take_back(bus, principal, country, decision_id, case_id)
    return see_other(at(country, "decisions", decision_id) + "?done=kept")
