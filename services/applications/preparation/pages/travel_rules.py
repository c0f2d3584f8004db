"""The page of the items required before travel.

An item is decided on below the list of those decided, so it is answered here and not by a `Decision`.
"""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import refuse
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.preparation.actions import travel_rules as actions
from services.applications.preparation.forms import TravelRuleForm
from services.applications.preparation.model import DEFAULT_ITEMS, Rule
from services.applications.preparation.views.travel_rules import call_titles, travel_rules_page
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import PreparationItem
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.confirmations import rest_on
from shared.web.forms import options
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/asked-before-travel", include_in_schema=False)

HERE = "/applications/asked-before-travel"


@router.get("")
async def show(request: Request, _: Coordinator, bus: BusDep) -> Response:
    """Show the default, the decisions that differ, and a form for one more."""
    return await _page(request, bus, TravelRuleForm())


async def _page(request: Request, bus: Bus, form: TravelRuleForm, status: int = 200) -> Response:
    async with bus.read() as session:
        found = await travel_rules_page(session)
    _fill(form, found.calls)
    return render(
        request,
        "preparation/travel_rules.html",
        status,
        form_=form,
        default=[labels.label(item) for item in DEFAULT_ITEMS],
        rules=[
            (
                rule.id,
                labels.label(rule.item),
                gettext("required") if rule.required else gettext("not required"),
                found.calls.get(rule.call_id, "") if rule.call_id else gettext("Any call"),
                labels.country(rule.country) if rule.country else gettext("Any country"),
                labels.country(rule.host_country) if rule.host_country else gettext("Any country"),
            )
            for rule in found.rules
        ],
        done=request.query_params.get("done"),
    )


def _fill(form: TravelRuleForm, call_titles: Mapping[UUID, str]) -> None:
    form.call_id.choices = options(
        [(str(id_), title) for id_, title in call_titles.items()], blank=gettext("Any call")
    )()
    countries = labels.countries()
    form.country.choices = options(countries, blank=gettext("Any country"))()
    form.host_country.choices = options(countries, blank=gettext("Any country"))()


@router.post("")
async def decide(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Require an item, or no longer."""
    form = await TravelRuleForm.read(request)
    async with bus.read() as session:
        _fill(form, await call_titles(session))
    if not form.validate():
        return await _page(request, bus, form, 422)
    rule = Rule(
        PreparationItem(form.item.data),
        form.required.data == "yes",
        UUID(form.call_id.data) if form.call_id.data else None,
        form.country.data or None,
        form.host_country.data or None,
    )
    try:
        rest_on(request, "rule_id", (await actions.decide(bus, principal.subject, rule)).id)
    except Refused as refused:
        refuse(form, refused)
        return await _page(request, bus, form, refused.status_code)
    return see_other(f"{HERE}?done=decided")


@router.post("/{rule_id}/take-back")
async def take_back(rule_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Take back a decision."""
    await actions.take_back(bus, principal.subject, rule_id)
    return see_other(f"{HERE}?done=taken_back")
