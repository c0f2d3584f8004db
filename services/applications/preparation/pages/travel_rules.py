"""The page of the items required before travel."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.calls import store as calls_store
from services.applications.forms import refuse
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.preparation import store
from services.applications.preparation.actions import travel_rules as actions
from services.applications.preparation.forms import TravelRuleForm
from services.applications.preparation.model import DEFAULT_ITEMS, Rule
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import COUNTRIES, PreparationItem
from shared.errors import Refused
from shared.i18n import gettext
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
        rows = await store.rules(session)
        known = {call.id: call.title for call in await calls_store.calls(session)}
    _fill(form, known)
    return render(
        request,
        "preparation/travel_rules.html",
        status,
        form_=form,
        default=[labels.label(item) for item in DEFAULT_ITEMS],
        rules=[
            (
                row.id,
                labels.label(PreparationItem(row.item)),
                gettext("asked for") if row.asked else gettext("not asked for"),
                known.get(row.call_id, "") if row.call_id else gettext("Any call"),
                labels.country(row.country) if row.country else gettext("Any country"),
                labels.country(row.host_country) if row.host_country else gettext("Any country"),
            )
            for row in rows
        ],
        done=request.query_params.get("done"),
    )


def _fill(form: TravelRuleForm, known: dict[UUID, str]) -> None:
    form.call_id.choices = options([(str(id_), title) for id_, title in known.items()], blank=gettext("Any call"))()
    countries = sorted(((code, labels.country(code)) for code in COUNTRIES), key=lambda country: country[1])
    form.country.choices = options(countries, blank=gettext("Any country"))()
    form.host_country.choices = options(countries, blank=gettext("Any country"))()


@router.post("")
async def decide(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Require an item, or no longer."""
    form = await TravelRuleForm.read(request)
    async with bus.read() as session:
        _fill(form, {call.id: call.title for call in await calls_store.calls(session)})
    if not form.validate():
        return await _page(request, bus, form, 422)
    rule = Rule(
        PreparationItem(form.item.data),
        form.asked.data == "yes",
        UUID(form.call_id.data) if form.call_id.data else None,
        form.country.data or None,
        form.host_country.data or None,
    )
    try:
        await actions.decide(bus, principal.subject, rule)
    except Refused as refused:
        refuse(form, refused)
        return await _page(request, bus, form, refused.status_code)
    return see_other(f"{HERE}?done=decided")


@router.post("/{rule_id}/take-back")
async def take_back(rule_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Take back a decision."""
    await actions.take_back(bus, principal.subject, rule_id)
    return see_other(f"{HERE}?done=taken_back")
