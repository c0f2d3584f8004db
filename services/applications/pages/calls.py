"""Which calls are there, what do they ask, and how does the programme coordinator open and close one?"""

from datetime import UTC, datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from wtforms import BooleanField, FieldList, FormField, SelectField, StringField, TextAreaField
from wtforms import Form as Row

from services.applications.actions import calls as actions
from services.applications.actions.common import not_found
from services.applications.model.call import rule_sentences
from services.applications.pages.task_forms import InRow
from services.applications.store import calls as store
from services.applications.store import register
from shared import clock
from shared.bus import Bus
from shared.contracts.calls import CallTerms, CallText, DatePeriod, EligibilityRules
from shared.contracts.codes import (
    EMPACT_2026,
    PARTNERS,
    PRIORITIES,
    ApplicationKind,
    LanguageLevel,
    Objective,
    Role,
    topic_label,
)
from shared.identity import Principal, allow, signed_in
from shared.service import bus_of
from shared.web import dates, words
from shared.web.errors import Refused
from shared.web.forms import Between, CheckboxesField, DateField, Form, Longest, Needed, NumberField
from shared.web.i18n import N_, gettext
from shared.web.render import render, see_other
from shared.workdays import ZONE

router = APIRouter(prefix="/applications/calls", include_in_schema=False)
Anybody = Annotated[Principal, Depends(signed_in())]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
Store = Annotated[Bus, Depends(bus_of)]


class VisitPeriodRow(Row):
    """When visits may be."""

    start = DateField(N_("First day"), [InRow()])
    end = DateField(N_("Last day"), [InRow()])


class CallForm(Form):
    """A call to be published."""

    title = StringField(N_("Title"), [Needed(N_("Write the title")), Longest(200)])
    summary = TextAreaField(N_("What the call is about"), [Longest(5000)])
    kinds = CheckboxesField(
        N_("What it takes applications for"), [Needed(N_("Choose what the call takes applications for"))]
    )
    topics = CheckboxesField(N_("Topics"), [Needed(N_("Choose at least one topic"))])
    countries = CheckboxesField(N_("Countries whose officers may apply"), description=N_("None chosen: all"))
    opens = DateField(N_("Opens on"), [Needed(N_("Enter the day on which it opens"))])
    deadline = DateField(N_("Last day to apply"), [Needed(N_("Enter the last day to apply"))])
    closes = DateField(N_("Closes on"), [Needed(N_("Enter the day on which it closes"))])
    visit_periods = FieldList(FormField(VisitPeriodRow), min_entries=1, max_entries=6)
    minimum_years = NumberField(
        N_("Years in the field, at least"), [Needed(N_("Enter the years")), Between(0, 40)], default=3
    )
    languages = CheckboxesField(
        N_("Languages of which one is asked for"), description=N_("None chosen: any foreign language")
    )
    minimum_level = SelectField(
        N_("At this level or higher"),
        choices=lambda: [(level.value, words.label(level)) for level in LanguageLevel],
        default=LanguageLevel.B1.value,
    )
    cascade_commitment = BooleanField(N_("Officers commit themselves to pass the knowledge on"), default=True)
    first_time_first = BooleanField(N_("Those who take part for the first time come first"), default=True)
    objective = SelectField(
        N_("What the matching aims at"), choices=lambda: [(one.value, words.label(one)) for one in Objective]
    )
    fund_id = SelectField(N_("Fund that pays"), [Needed(N_("Choose the fund"))])


# The working languages of hosts; an application may name any.
_USUAL = ("en", "fr", "de", "es", "it", "pl", "ro", "ru")


@router.get("")
async def all_calls(request: Request, principal: Anybody, bus: Store) -> Response:
    """All calls."""
    moment = clock.now()
    async with bus.read() as session:
        calls = await store.calls(session)
    shown = [(call, call.shown_state(moment)) for call in calls]
    return render(request, "calls/all.html", calls=shown, may_publish=principal.has(Role.PROGRAMME_COORDINATOR))


@router.get("/new")
async def new(request: Request, _: Coordinator, bus: Store) -> Response:
    """An empty form."""
    form = CallForm()
    await _prepare(form, bus)
    return render(request, "calls/new.html", form_=form)


async def _prepare(form: CallForm, bus: Bus) -> None:
    """Give the form its choices, in the reader's language."""
    form.kinds.choices = [(kind.value, words.label(kind)) for kind in ApplicationKind]
    form.topics.choices = [(code, gettext(topic.label)) for code, topic in PRIORITIES[EMPACT_2026].items()]
    form.countries.choices = [(code, words.country(code)) for code in PARTNERS]
    usual = [(code, words.tongue(code)) for code in _USUAL]
    form.languages.choices = sorted(usual, key=lambda one: one[1])
    async with bus.read() as session:
        funds = await register.funds(session)
    form.fund_id.choices = [("", gettext("Choose")), *((str(fund.id), fund.name) for fund in funds if fund.active)]


@router.post("/new")
async def publish(request: Request, principal: Coordinator, bus: Store) -> Response:
    """Publish a call."""
    form = await CallForm.read(request)
    await _prepare(form, bus)
    if await form.rows_changed(request):
        return render(request, "calls/new.html", form_=form)
    if not form.validate():
        return render(request, "calls/new.html", 422, form_=form)
    try:
        call = await actions.publish(bus, principal.subject, _terms(form))
    except Refused as refused:
        for name, sentence in refused.fields.items():
            form.refuse(name, sentence)
        return render(request, "calls/new.html", 422, form_=form)
    return see_other(f"/applications/calls/{call.id}?done=published")


def _terms(form: CallForm) -> CallTerms:
    assert form.deadline.data is not None
    rows: list[dict[str, Any]] = [entry.data for entry in form.visit_periods]
    return CallTerms(
        reference="TC-0",
        revision=1,
        kinds=tuple(ApplicationKind(kind) for kind in form.kinds.data or ()),
        texts=(CallText(language="en", title=form.title.data, summary=form.summary.data or ""),),
        scheme=EMPACT_2026,
        topics=tuple(form.topics.data or ()),
        opens=form.opens.data,
        deadline=datetime.combine(form.deadline.data, time(23, 59, 59), ZONE).astimezone(UTC),
        closes=form.closes.data,
        visit_periods=tuple(
            DatePeriod(start=row["start"], end=row["end"]) for row in rows if row["start"] and row["end"]
        ),
        rules=EligibilityRules(
            minimum_years=form.minimum_years.data,
            languages=tuple(form.languages.data or ()),
            minimum_level=LanguageLevel(form.minimum_level.data),
            first_time_first=form.first_time_first.data,
            cascade_commitment=form.cascade_commitment.data,
            countries=tuple(form.countries.data or ()),
        ),
        objective=Objective(form.objective.data),
        fund_id=UUID(form.fund_id.data),
    )


async def _call(bus: Bus, call_id: UUID) -> store.Call:
    async with bus.read() as session:
        call = await store.call(session, call_id)
    if call is None:
        raise not_found()
    return call


@router.get("/{call_id}")
async def one(request: Request, call_id: UUID, principal: Anybody, bus: Store) -> Response:
    """One call, its rules as sentences, and the way to apply."""
    call, moment = await _call(bus, call_id), clock.now()
    terms = call.terms
    return render(
        request,
        "calls/one.html",
        call=call,
        terms=terms,
        state_=call.shown_state(moment),
        rules=rule_sentences(terms),
        visits=[dates.span(one.start, one.end) for one in terms.visit_periods],
        topics=[gettext(topic_label(terms.scheme, code)) for code in terms.topics],
        may_apply=principal.has(Role.OFFICER) and call.takes_applications(moment),
        may_close=principal.has(Role.PROGRAMME_COORDINATOR) and call.state == "published",
        done=request.query_params.get("done"),
    )


@router.get("/{call_id}/close")
async def ask_close(request: Request, call_id: UUID, _: Coordinator, bus: Store) -> Response:
    """Ask once more."""
    return render(request, "calls/close.html", call=await _call(bus, call_id))


@router.post("/{call_id}/close")
async def close(call_id: UUID, principal: Coordinator, bus: Store) -> Response:
    """Close it."""
    await actions.close(bus, principal.subject, call_id)
    return see_other(f"/applications/calls/{call_id}?done=closed")
