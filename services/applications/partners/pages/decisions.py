"""Suspend and reinstate a partner: form, preview of every case, confirmation."""

from collections.abc import Iterable, Mapping
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
    ask_only,
    choices_of,
    day_of,
    fields_of,
    form_choices,
    keep_groups,
)
from services.applications.partners.pages.common import at, open_case_rows, reference, state_tag, supply
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.time import clock
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.form_pages import show_facts
from shared.web.forms import Form, sent
from shared.web.query import CountryText, declared
from shared.web.render import render, see_other
from shared.web.stale_forms import Beside, outdated_by, stale_page

_EFFECTS = "effects"
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


async def _preview_page(request: Request, bus: BusDep, preview: suspension.Preview) -> Response:
    async with bus.read() as session:
        funds = await views.paying_funds(session)
    show_facts(request, _EFFECTS, _facts(preview.open_cases, preview.choices, funds))
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
        country=preview.open_cases.country,
        since=preview.since,
        at_once=preview.since <= clock.today(),
        groups=groups,
        supply=[[case.reference, supply(case)] for case in preview.open_cases.supply],
        hidden={**as_parameters(preview.since, preview.choices), "digest": preview.digest},
    )


def _facts(
    open_cases: model.OpenCases, choices: Iterable[model.GroupChoice], funds: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return what happens to each group of cases, each case and what pauses, in words."""
    chosen = {(choice.side, choice.stage): choice for choice in choices}
    groups, cases = [], []
    for group in open_cases.groups:
        found, choice = open_cases.of(*group), chosen.get(group)
        words = gettext("No choice yet") if choice is None else model.choice_in_words(choice, funds)
        count = ngettext("%(num)d case", "%(num)d cases", len(found)) % {"num": len(found)}
        groups.append((model.group_name(*group), f"{words}. {count}"))
        for case in found:
            country = labels.country(case.other) if case.other else ""
            parts = (model.group_name(*group), state_tag(group[1], case).striptags().strip(), country)
            cases.append((case.reference, ". ".join(filter(None, parts))))
    pauses = gettext("%(kind)s, pauses")
    supply_rows = [(case.reference, pauses % {"kind": supply(case)}) for case in open_cases.supply]
    return [*groups, *cases, *supply_rows]


@router.post("/{country}/suspend/confirm")
async def confirm(request: Request, country: str, principal: Coordinator, bus: BusDep) -> Response:
    """Suspend the partner in one step; if something has changed since, show the effects then beside now, and ask."""
    values = {name: str(value) for name, value in (await sent(request)).items()}
    try:
        decision = await suspension.suspend(
            bus,
            principal,
            country,
            day_of(values),
            choices_of(values),
            digest=values.get("digest", ""),
            note=values.get("note", ""),
        )
    except (Outdated, Refused) as refused:
        return await _changed(request, bus, country, values, refused)
    return see_other(at(country, "decisions", decision.id) + "?done=decided")


async def _changed(
    request: Request, bus: BusDep, country: str, values: Mapping[str, str], refused: Outdated | Refused
) -> Response:
    """Show the effects of a suspension as the page showed them beside now, with the choice to suspend all the same.

    Groups of cases that have come meanwhile are asked about. Raises the refusal where it has another reason.
    """
    async with bus.read() as session:
        open_cases = await views.load_open_cases(session, country)
        funds = await views.paying_funds(session)
    choices, since = choices_of(values), day_of(values)
    form = await SuspendForm.read(request)
    keep_groups(form, open_cases, funds)
    if isinstance(refused, Refused) and refused.status_code == 422:
        wanted = [group for group in model.GROUPS if refused.fields.keys() & fields_of(*group)]
        if not wanted or refused.fields.keys() - set().union(*(fields_of(*group) for group in wanted)):
            raise refused
        sentence = gettext("Something has changed since you opened the page. Choose what happens to these cases too.")
        outdated = Outdated(detail=sentence, fields={"digest": suspension.cases_digest(open_cases, since)})
        ask_only(form, wanted)
        form.take(refused)
    else:
        outdated = outdated_by(refused)
        ask_only(form, ())
    beside = Beside(
        _EFFECTS,
        gettext("Planned changes"),
        _facts(open_cases, choices, funds),
        form=form,
        unlisted=set(PARAMETERS),
    )
    return await stale_page(request, outdated, beside)


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
