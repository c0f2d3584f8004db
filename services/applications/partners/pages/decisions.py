"""How does the programme coordinator suspend and reinstate a partner? Question, preview of every case, one step."""

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
from services.applications.partners.forms import ReinstateForm, choices_of, chosen, day_of, suspend_form, written
from services.applications.partners.pages.common import at, flight_rows, reference, state_tag, supply
from services.applications.register.store import entries
from shared.contracts import labels
from shared.errors import Refused
from shared.time import clock
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/partners", include_in_schema=False)


@router.get("/{country}/suspend")
async def ask(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """From when, and what becomes of each group."""
    async with bus.read() as session:
        found = await views.partner(session, country)
        funds = await _funds(bus)
    form = suspend_form(found.flight, funds)(data={"since": clock.today()})
    return _asked(request, found, form)


def _asked(request: Request, found: views.Partner, form: Any, status: int = 200) -> Response:
    return render(
        request,
        "partners/suspend.html",
        status,
        form_=form,
        country=found.standing.country,
        flight=flight_rows(found.flight),
        groups=[
            (model.group_name(side, stage), len(found.flight.of(side, stage)), model.field_of(side, stage), stage)
            for side, stage in found.flight.groups
        ],
        supply=len(found.flight.supply),
    )


async def _funds(bus: BusDep) -> dict[str, str]:
    """The funds that can pay: id -> name."""
    today = clock.today()
    async with bus.read() as session:
        found = await entries.funds(session)
    return {str(one.id): one.name for one in found if one.active and (one.until is None or one.until >= today)}


@router.post("/{country}/suspend")
async def look(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Check what was chosen, and go on to the preview of every case."""
    async with bus.read() as session:
        found = await views.partner(session, country)
    form = await suspend_form(found.flight, await _funds(bus)).read(request)
    if not form.validate():
        return _asked(request, found, form, 422)
    since, choices = form["since"].data, chosen(form, found.flight)
    try:
        async with bus.read() as session:
            await suspension.preview(session, country, since, choices)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        for name, sentence in (refused.fields or {"": refused.detail}).items():
            form.refuse(name, sentence)
        return _asked(request, found, form, refused.status_code)
    return see_other(at(country, "suspend", "preview") + "?" + urlencode(written(since, choices)))


@router.get("/{country}/suspend/preview")
async def preview(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """Exactly which cases, and what will be done with each."""
    values = dict(request.query_params)
    async with bus.read() as session:
        made = await suspension.preview(session, country, day_of(values), choices_of(values))
    return await _previewed(request, bus, made)


async def _previewed(
    request: Request,
    bus: BusDep,
    made: suspension.Preview,
    status: int = 200,
    problem: str | None = None,
    note: str = "",
) -> Response:
    funds = await _funds(bus)
    groups = [
        {
            "name": model.group_name(side, stage),
            "said": model.choice_in_words(
                next(one for one in made.choices if (one.side, one.stage) == (side, stage)), funds
            ),
            "cases": [
                [reference(one), state_tag(stage, one), one.other and labels.country(one.other)]
                for one in made.flight.of(side, stage)
            ],
        }
        for side, stage in made.flight.groups
    ]
    return render(
        request,
        "partners/preview.html",
        status,
        country=made.flight.country,
        since=made.since,
        at_once=made.since <= clock.today(),
        groups=groups,
        supply=[[one.reference, supply(one)] for one in made.flight.supply],
        hidden={**written(made.since, made.choices), "digest": made.digest},
        problem=problem,
        note=note,
    )


@router.post("/{country}/suspend/confirm")
async def confirm(request: Request, country: str, principal: Coordinator, bus: BusDep) -> Response:
    """Do it, all of it in one step; where something has changed since, show it again."""
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
        return await _previewed(request, bus, changed.preview, 409, changed.detail, note)
    return see_other(at(country, "decisions", decision.id) + "?done=decided")


@router.get("/{country}/reinstate")
async def ask_reinstate(request: Request, country: str, _: Coordinator, bus: BusDep) -> Response:
    """From when it takes part again."""
    async with bus.read() as session:
        await views.partner(session, country)
    return render(
        request, "partners/reinstate.html", form_=ReinstateForm(data={"since": clock.today()}), country=country
    )


@router.post("/{country}/reinstate")
async def reinstate(request: Request, country: str, principal: Coordinator, bus: BusDep) -> Response:
    """Reinstate it."""
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
    """Take back a decision whose day has not come."""
    async with bus.read() as session:
        await views.decision(session, country, decision_id)
    await suspension.withdraw(bus, principal, decision_id)
    return see_other(at(country, "decisions", decision_id) + "?done=withdrawn")


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Take back the notice of one case."""
    async with bus.read() as session:
        await views.decision(session, country, decision_id)
    await notices.take_back(bus, principal, decision_id, case_id)
    return see_other(at(country, "decisions", decision_id) + "?done=kept")
