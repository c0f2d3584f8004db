"""Suspend and reinstate a partner: form, preview of every case, confirmation."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

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
from services.applications.register.store import entries
from shared.contracts import labels
from shared.errors import Refused
from shared.time import clock
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/partners", include_in_schema=False)


@router.get("/{country}/suspend")
async def ask(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Ask from when, and what happens to each group."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
        funds = await _funds(bus)
    form = suspend_form(partner.open_cases, funds)(data={"since": clock.today()})
    return _form_page(request, partner, form)


def _form_page(request: Request, partner: views.Partner, form: Any, status: int = 200) -> Response:
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


async def _funds(bus: BusDep) -> dict[str, str]:
    """The funds that can pay: id -> name."""
    today = clock.today()
    async with bus.read() as session:
        funds = await entries.funds(session)
    return {str(fund.id): fund.name for fund in funds if fund.active and (fund.until is None or fund.until >= today)}


@router.post("/{country}/suspend")
async def look(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Check the choices, and go on to the preview of every case."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
    form = await suspend_form(partner.open_cases, await _funds(bus)).read(request)
    if not form.validate():
        return _form_page(request, partner, form, 422)
    since, choices = form["since"].data, form_choices(form, partner.open_cases)
    try:
        async with bus.read() as session:
            await suspension.preview(session, country, since, choices)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        for name, sentence in (refused.fields or {"": refused.detail}).items():
            form.refuse(name, sentence)
        return _form_page(request, partner, form, refused.status_code)
    return see_other(at(country, "suspend", "preview") + "?" + urlencode(as_parameters(since, choices)))


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
    funds = await _funds(bus)
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
    status = 422
    if form.validate():
        try:
            decision = await suspension.reinstate(
                bus, principal, country, form.since.data or date.min, form.note.data or ""
            )
        except Refused as refused:
            if refused.status_code == 404:
                raise
            status = refused.status_code
            for name, sentence in (refused.fields or {"since": refused.detail}).items():
                form.refuse(name, sentence)
        else:
            return see_other(at(country, "decisions", decision.id) + "?done=decided")
    return render(request, "partners/reinstate.html", status, form_=form, country=country)


@router.post("/{country}/decisions/{decision_id}/withdraw")
async def withdraw(country: str, decision_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Withdraw a decision whose day has not come."""
    async with bus.read() as session:
        await views.decision(session, country, decision_id)
    await suspension.withdraw(bus, principal, decision_id)
    return see_other(at(country, "decisions", decision_id) + "?done=withdrawn")


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Withdraw the notice of one case."""
    async with bus.read() as session:
        await views.decision(session, country, decision_id)
    await notices.take_back(bus, principal, decision_id, case_id)
    return see_other(at(country, "decisions", decision_id) + "?done=kept")
