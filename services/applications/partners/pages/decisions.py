"""Suspend and reinstate a partner: form, preview of every case, confirmation."""

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import submit_change
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.partners import model, views
from services.applications.partners.actions import notices, suspension
from services.applications.partners.forms import (
    ReinstateForm,
    as_parameters,
    choices_of,
    day_of,
    form_choices,
    suspend_form,
)
from services.applications.partners.pages.common import at, open_case_rows, reference, state_tag, supply
from services.applications.partners.views import PartnerDecision
from shared.contracts import labels
from shared.time import clock
from shared.web.forms import Form, sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/partners", include_in_schema=False)


@router.get("/{country}/suspend")
async def ask(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Ask from when, and what happens to each group."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
        funds = await views.paying_funds(session)
    form = suspend_form(partner.open_cases, funds)(data={"since": clock.today()})
    return _form_page(request, partner, form)


def _form_page(request: Request, partner: views.Partner, form: Form, status: int = 200) -> Response:
    return render(
        request,
        "partners/suspend.html",
        status,
        form_=form,
        country=partner.standing.country,
        open_cases=open_case_rows(partner.open_cases),
        groups=[
            (model.group_name(side, stage), len(partner.open_cases.of(side, stage)), model.field_of(side, stage), stage)
            for side, stage in partner.open_cases.groups
        ],
        supply=len(partner.open_cases.supply),
    )


@router.post("/{country}/suspend")
async def look(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Check the choices, and go on to the preview of every case."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
        funds = await views.paying_funds(session)
    form = await suspend_form(partner.open_cases, funds).read(request)

    async def act() -> str:
        since, choices = form["since"].data, form_choices(form, partner.open_cases)
        async with bus.read() as session:
            await suspension.preview(session, country, since, choices)
        return urlencode(as_parameters(since, choices))

    parameters = await submit_change(form, act)
    if isinstance(parameters, int):
        return _form_page(request, partner, form, parameters)
    return see_other(at(country, "suspend", "preview") + "?" + parameters)


@router.get("/{country}/suspend/preview")
async def preview(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Show exactly which cases are affected, and how."""
    values = dict(request.query_params)
    async with bus.read() as session:
        shown = await suspension.preview(session, country, day_of(values), choices_of(values))
    return await _preview_page(request, bus, shown)


async def _preview_page(
    request: Request,
    bus: BusDep,
    shown: suspension.Preview,
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
                next(case for case in shown.choices if (case.side, case.stage) == (side, stage)), funds
            ),
            "cases": [
                [reference(case), state_tag(stage, case), case.other and labels.country(case.other)]
                for case in shown.open_cases.of(side, stage)
            ],
        }
        for side, stage in shown.open_cases.groups
    ]
    return render(
        request,
        "partners/preview.html",
        status,
        country=shown.open_cases.country,
        since=shown.since,
        at_once=shown.since <= clock.today(),
        groups=groups,
        supply=[[case.reference, supply(case)] for case in shown.open_cases.supply],
        hidden={**as_parameters(shown.since, shown.choices), "digest": shown.digest},
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


@router.get("/{country}/reinstate")
async def ask_reinstate(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Ask from when the partner takes part again."""
    async with bus.read() as session:
        await views.partner(session, country)
    return render(
        request, "partners/reinstate.html", form_=ReinstateForm(data={"since": clock.today()}), country=country
    )


@router.post("/{country}/reinstate")
async def reinstate(request: Request, country: str, principal: Coordinator, bus: BusDep) -> Response:
    """Reinstate the partner."""
    form = await ReinstateForm.read(request)

    async def act() -> PartnerDecision:
        return await suspension.reinstate(bus, principal, country, form.since.data or date.min, form.note.data or "")

    decision = await submit_change(form, act, field="since")
    if isinstance(decision, int):
        return render(request, "partners/reinstate.html", decision, form_=form, country=country)
    return see_other(at(country, "decisions", decision.id) + "?done=decided")


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
