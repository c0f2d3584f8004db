"""What does the programme coordinator see and decide about a partner country? Auditors read the same pages."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.actions.partners import notices, seen
from services.applications.actions.partners import reinstate as again
from services.applications.actions.partners import suspend as actions
from services.applications.model import partner as model
from services.applications.pages.partner_forms import (
    ReinstateForm,
    choices_of,
    chosen,
    day_of,
    suspend_form,
    written,
)
from services.applications.pages.parts import Store, paged, tag
from services.applications.store import partners as store
from services.applications.store import register
from shared import clock
from shared.contracts.codes import Role, Side
from shared.identity import Principal, allow
from shared.web import dates, words
from shared.web.errors import Refused
from shared.web.forms import sent
from shared.web.i18n import gettext
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/partners", include_in_schema=False)
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
Reader = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER))]


def at(country: str, *further: object) -> str:
    """The address of a partner's page, or of one below it."""
    return "/".join(["/applications/partners", country, *(str(one) for one in further)])


@router.get("")
async def all_partners(request: Request, _: Reader, bus: Store) -> Response:
    """All partner countries and how each stands."""
    async with bus.read() as session:
        found = await seen.partners(session)
    rows = [
        [
            {"text": words.country(one.country), "href": at(one.country)},
            tag("partner", one.status),
            one.since and dates.day(one.since),
            one.waiting and _later(one.waiting),
        ]
        for one in found
    ]
    return render(request, "partners/all.html", rows=rows)


def _later(decision: store.Decision) -> str:
    sentence = gettext("Suspended from %(day)s")
    if decision.status == "reinstated":
        sentence = gettext("Reinstated from %(day)s")
    return sentence % {"day": dates.day(decision.since)}


@router.get("/{country}")
async def show(request: Request, country: str, principal: Reader, bus: Store) -> Response:
    """One partner: how it stands, what is in flight, what was decided."""
    async with bus.read() as session:
        found = await seen.partner(session, country)
        people = await register.people_by_subject(session, [one.decided_by for one in found.decisions])
    return render(
        request,
        "partners/show.html",
        found=found,
        country=country,
        decides=principal.has(Role.PROGRAMME_COORDINATOR),
        flight=_flight_rows(found.flight),
        supply=[[one.reference, _supply(one), _supply_way(one)] for one in found.flight.supply],
        history=[[dates.day(one.since), tag("partner", one.status)] for one in found.history],
        decisions=[
            [
                {"text": _later(one), "href": at(country, "decisions", one.id)},
                _state(one),
                dates.moment(one.decided_at),
                people[one.decided_by].name if one.decided_by in people else one.decided_by,
            ]
            for one in found.decisions
        ],
        later=found.standing.waiting and _later(found.standing.waiting),
        done=request.query_params.get("done"),
    )


def _flight_rows(flight: model.Flight) -> list[list[Any]]:
    """What is in flight by group, then by state and country of the other side."""
    rows = []
    for side, stage in flight.groups:
        cases = flight.of(side, stage)
        for state in sorted({one.state for one in cases}):
            held = [one for one in cases if one.state == state]
            others = ", ".join(
                f"{words.country(code) if code else gettext('not known yet')}: {count}"
                for code, count in model.by_other(held).items()
            )
            query = urlencode({"side": side.value, "stage": stage.value, "state": state})
            number = {"text": str(len(held)), "href": at(flight.country, "cases") + "?" + query}
            rows.append([model.group_name(side, stage), state_tag(stage, held[0]), number, others])
    return rows


def state_tag(stage: model.Stage, one: model.InFlight) -> Any:
    """The state of a case as people see it."""
    kind = {
        model.Stage.WAITING: "application",
        model.Stage.MENTORSHIP: "mentorship",
        model.Stage.UNDER_WAY: "visit",
        model.Stage.SCHEDULED: "match" if one.visit_id is None else "visit",
    }.get(stage, "match")
    return tag(kind, one.state)


def _supply(one: model.Supply) -> str:
    return gettext("Placement") if one.kind == "offer" else gettext("Mentor")


def _supply_way(one: model.Supply) -> dict[str, str]:
    place = "offers" if one.kind == "offer" else "mentors"
    return {"text": gettext("Open"), "href": f"/applications/{place}/{one.id}"}


def _state(one: store.Decision) -> str:
    return {
        store.WAITING: gettext("Its day has not come"),
        store.TAKEN: gettext("In effect"),
        store.WITHDRAWN: gettext("Withdrawn"),
    }[one.state]


@router.get("/{country}/cases")
async def cases_of(
    request: Request,
    country: str,
    _: Reader,
    bus: Store,
    side: str = "",
    stage: str = "",
    state: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The cases behind a count; without filters all that are in flight."""
    async with bus.read() as session:
        found = await seen.partner(session, country)
    held = [
        one
        for group in found.flight.groups
        for one in found.flight.of(*group)
        if side in {"", one.side} and stage in {"", one.stage} and state in {"", one.state}
    ]
    rows = [
        [
            one.reference,
            model.group_name(one.side, one.stage),
            state_tag(one.stage, one),
            one.other and words.country(one.other),
        ]
        for one in paged(held, page)
    ]
    return render(request, "partners/cases.html", country=country, rows=rows, page=page, total=len(held))


@router.get("/{country}/suspend")
async def ask(request: Request, country: str, _: Coordinator, bus: Store) -> Response:
    """From when, and what becomes of each group."""
    async with bus.read() as session:
        found = await seen.partner(session, country)
        funds = await _funds(bus)
    form = suspend_form(found.flight, funds)(data={"since": clock.today()})
    return _asked(request, found, form)


def _asked(request: Request, found: seen.Partner, form: Any, status: int = 200) -> Response:
    return render(
        request,
        "partners/suspend.html",
        status,
        form_=form,
        country=found.standing.country,
        flight=_flight_rows(found.flight),
        groups=[
            (model.group_name(side, stage), len(found.flight.of(side, stage)), model.field_of(side, stage), stage)
            for side, stage in found.flight.groups
        ],
        supply=len(found.flight.supply),
    )


async def _funds(bus: Store) -> dict[str, str]:
    """The funds that can pay: id -> name."""
    today = clock.today()
    async with bus.read() as session:
        found = await register.funds(session)
    return {str(one.id): one.name for one in found if one.active and (one.until is None or one.until >= today)}


@router.post("/{country}/suspend")
async def look(request: Request, country: str, _: Coordinator, bus: Store) -> Response:
    """Check what was chosen, and go on to the preview of every case."""
    async with bus.read() as session:
        found = await seen.partner(session, country)
    form = await suspend_form(found.flight, await _funds(bus)).read(request)
    if not form.validate():
        return _asked(request, found, form, 422)
    since, choices = form["since"].data, chosen(form, found.flight)
    try:
        async with bus.read() as session:
            await actions.preview(session, country, since, choices)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        for name, sentence in (refused.fields or {"": refused.detail}).items():
            form.refuse(name, sentence)
        return _asked(request, found, form, refused.status_code)
    return see_other(at(country, "suspend", "preview") + "?" + urlencode(written(since, choices)))


@router.get("/{country}/suspend/preview")
async def preview(request: Request, country: str, _: Coordinator, bus: Store) -> Response:
    """Exactly which cases, and what will be done with each."""
    values = dict(request.query_params)
    async with bus.read() as session:
        made = await actions.preview(session, country, day_of(values), choices_of(values))
    return await _previewed(request, bus, made)


async def _previewed(
    request: Request, bus: Store, made: actions.Preview, status: int = 200, problem: str | None = None, note: str = ""
) -> Response:
    funds = await _funds(bus)
    groups = [
        {
            "name": model.group_name(side, stage),
            "said": model.said(next(one for one in made.choices if (one.side, one.stage) == (side, stage)), funds),
            "cases": [
                [_reference(one), state_tag(stage, one), one.other and words.country(one.other)]
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
        supply=[[one.reference, _supply(one)] for one in made.flight.supply],
        hidden={**written(made.since, made.choices), "digest": made.digest},
        problem=problem,
        note=note,
    )


def _reference(one: model.InFlight) -> dict[str, str]:
    """The case's reference, with the way to it."""
    if one.match_id is None:
        return {"text": one.reference, "href": f"/applications/cases/{one.application_id}"}
    return {"text": one.reference, "href": f"/applications/matches/{one.match_id}"}


@router.post("/{country}/suspend/confirm")
async def confirm(request: Request, country: str, principal: Coordinator, bus: Store) -> Response:
    """Do it, all of it in one step; where something has changed since, show it again."""
    values = {name: str(value) for name, value in (await sent(request)).items()}
    note = values.get("note", "")
    try:
        decision = await actions.suspend(
            bus,
            principal,
            country,
            day_of(values),
            choices_of(values),
            digest=values.get("digest", ""),
            note=note,
        )
    except actions.Changed as changed:
        return await _previewed(request, bus, changed.preview, 409, changed.detail, note)
    return see_other(at(country, "decisions", decision.id) + "?done=decided")


@router.get("/{country}/reinstate")
async def ask_reinstate(request: Request, country: str, _: Coordinator, bus: Store) -> Response:
    """From when it takes part again."""
    async with bus.read() as session:
        await seen.partner(session, country)
    return render(
        request, "partners/reinstate.html", form_=ReinstateForm(data={"since": clock.today()}), country=country
    )


@router.post("/{country}/reinstate")
async def reinstate(request: Request, country: str, principal: Coordinator, bus: Store) -> Response:
    """Reinstate it."""
    form = await ReinstateForm.read(request)
    status = 422
    if form.validate():
        try:
            decision = await again.reinstate(bus, principal, country, form.since.data or date.min, form.note.data or "")
        except Refused as refused:
            if refused.status_code == 404:
                raise
            status = refused.status_code
            for name, sentence in (refused.fields or {"since": refused.detail}).items():
                form.refuse(name, sentence)
        else:
            return see_other(at(country, "decisions", decision.id) + "?done=decided")
    return render(request, "partners/reinstate.html", status, form_=form, country=country)


@router.get("/{country}/decisions/{decision_id}")
async def show_decision(request: Request, country: str, decision_id: UUID, principal: Reader, bus: Store) -> Response:
    """The record of a decision: who, when, what was shown, what was chosen, which cases, and what became of each."""
    async with bus.read() as session:
        decision, cases = await seen.decision(session, country, decision_id)
        people = await register.people_by_subject(
            session, [decision.decided_by, *filter(None, [decision.withdrawn_by]), *(one.by for one in cases)]
        )
        funds = {str(one.id): one.name for one in await register.funds(session)}
    # Choices for groups in which nothing was, and nothing came, say nothing.
    held = {(one["side"], one["stage"]) for one in decision.shown} | {(one.side, one.stage) for one in cases}
    made = [model.GroupChoice.model_validate(one) for one in decision.choices]
    choices = [one for one in made if (one.side, one.stage) in held]
    decides = principal.has(Role.PROGRAMME_COORDINATOR)
    return render(
        request,
        "partners/decision.html",
        decision=decision,
        country=country,
        state=_state(decision),
        title=_later(decision),
        names={subject: person.name for subject, person in people.items()},
        choices=[[model.group_name(one.side, one.stage), model.said(one, funds)] for one in choices],
        cases=[_decided(one, funds) for one in cases],
        notices=[one for one in cases if one.state == model.CaseState.NOTICE and decides],
        shown=[
            [
                one["reference"],
                model.group_name(Side(one["side"]), model.Stage(one["stage"])),
                one["other"] and words.country(one["other"]),
            ]
            for one in decision.shown
        ],
        decides=decides,
        done=request.query_params.get("done"),
    )


def _decided(one: store.DecidedCase, funds: dict[str, str]) -> list[Any]:
    """One case of a decision as a row: reference, group, other side, what became of it, since when."""
    named = {
        model.CaseState.GOES_ON: gettext("Goes on"),
        model.CaseState.NOTICE: gettext("Ends on %(day)s"),
        model.CaseState.CANCELLED: gettext("Cancelled"),
        model.CaseState.TAKEN_BACK: gettext("Notice taken back: goes on"),
        model.CaseState.OVER: gettext("Was over or under way before its day"),
        model.CaseState.PAUSED: gettext("Paused"),
    }
    became = named[model.CaseState(one.state)]
    if one.ends_on is not None and one.state == model.CaseState.NOTICE:
        became %= {"day": dates.day(one.ends_on)}
    if one.fund_id is not None:
        became = gettext("Goes on under %(fund)s") % {"fund": funds.get(str(one.fund_id), "")}
    group = gettext("Placement") if one.kind == "offer" else gettext("Mentor")
    if one.stage is not None:
        group = model.group_name(Side(one.side), model.Stage(one.stage))
    return [one.reference, group, one.other and words.country(one.other), became, dates.moment(one.at)]


@router.post("/{country}/decisions/{decision_id}/withdraw")
async def withdraw(country: str, decision_id: UUID, principal: Coordinator, bus: Store) -> Response:
    """Take back a decision whose day has not come."""
    async with bus.read() as session:
        await seen.decision(session, country, decision_id)
    await actions.withdraw(bus, principal, decision_id)
    return see_other(at(country, "decisions", decision_id) + "?done=withdrawn")


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: Store) -> Response:
    """Take back the notice of one case."""
    async with bus.read() as session:
        await seen.decision(session, country, decision_id)
    await notices.take_back(bus, principal, decision_id, case_id)
    return see_other(at(country, "decisions", decision_id) + "?done=kept")
