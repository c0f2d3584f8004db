"""Show and change funds and excluded pairs, for the programme."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.display import page_rows
from services.applications.forms import submit_change, version_of
from services.applications.guards import Coordinator
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import funds as actions
from services.applications.register.forms import ExclusionForm, FundForm
from services.applications.register.model import ExclusionEntry, FundEntry
from services.applications.register.views import entries as views
from services.applications.register.views import words
from services.applications.register.views.entries import Exclusion, Fund
from services.applications.register.views.words import NOTHING
from shared.bus import Bus
from shared.contracts import labels
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web.render import see_other

router = APIRouter(prefix=REGISTER, include_in_schema=False)
FUNDS, EXCLUSIONS = f"{REGISTER}/funds", f"{REGISTER}/exclusions"


@router.get("/funds")
async def show_funds(request: Request, _: Coordinator, bus: BusDep, page: int = 1) -> Response:
    """List all funds by name."""
    async with bus.read() as session:
        funds = await views.funds(session)
    return list_page(
        request,
        title=gettext("Funds"),
        action=FUNDS,
        intro=gettext("Who pays for visits and mentorships. A call names its fund."),
        buttons=[(gettext("Add a fund"), f"{FUNDS}/new")],
        columns=[
            gettext("Name"),
            gettext("Who pays"),
            gettext("First day"),
            gettext("Last day"),
            gettext("State"),
            gettext("Calls can use it"),
        ],
        rows=[
            [
                {"text": fund.name, "href": f"{FUNDS}/{fund.id}"},
                fund.payer,
                dates.day(fund.since, short=True),
                dates.day(fund.until, short=True) if fund.until else None,
                words.term(fund.since, fund.until),
                gettext("Yes") if fund.active else gettext("No"),
            ]
            for fund in page_rows(funds, max(page, 1))
        ],
        page=max(page, 1),
        total=len(funds),
        empty_why=gettext("No fund is entered yet. A call needs one."),
        done=gettext("Saved.") if request.query_params.get("done") == "saved" else "",
    )


def _fund_page(request: Request, form: FundForm, status: int = 200, fund: Fund | None = None) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Change the fund") if fund else gettext("Add a fund"),
        back=FUNDS,
        button=gettext("Save"),
        version=fund.version if fund else None,
    )


@router.get("/funds/new")
async def new_fund(request: Request, _: Coordinator) -> Response:
    """Show an empty form."""
    return _fund_page(request, FundForm())


@router.post("/funds/new")
async def enter_fund(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Enter a fund."""
    return await _save_fund(request, principal, bus, None)


async def _fund(bus: Bus, fund_id: UUID) -> Fund:
    async with bus.read() as session:
        return await views.fund(session, fund_id)


@router.get("/funds/{fund_id}")
async def edit_fund(request: Request, fund_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """Show the form with the fund."""
    fund = await _fund(bus, fund_id)
    return _fund_page(request, FundForm(data=fund.model_dump()), fund=fund)


@router.post("/funds/{fund_id}")
async def change_fund(request: Request, fund_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Change a fund."""
    return await _save_fund(request, principal, bus, await _fund(bus, fund_id))


async def _save_fund(request: Request, principal: Principal, bus: Bus, fund: Fund | None) -> Response:
    form = await FundForm.read(request)

    async def submit() -> UUID:
        entry = FundEntry.model_validate(form.values() | {"id": fund.id if fund else None})
        return await actions.save_fund(bus, principal, entry, version=await version_of(request) if fund else None)

    submitted = await submit_change(form, submit)
    if isinstance(submitted, int):
        return _fund_page(request, form, submitted, fund)
    return see_other(f"{FUNDS}?done=saved")


@router.get("/exclusions")
async def show_exclusions(request: Request, _: Coordinator, bus: BusDep, page: int = 1) -> Response:
    """List all excluded pairs, newest first."""
    async with bus.read() as session:
        exclusions = await views.exclusions(session)
        names = await words.organisation_names(session, [exclusion.organisations for exclusion in exclusions])
    return list_page(
        request,
        title=gettext("Pairs that are never matched"),
        action=EXCLUSIONS,
        intro=gettext("In both directions, for a time. Only programme coordinators see this list."),
        buttons=[(gettext("Add a pair"), f"{EXCLUSIONS}/new")],
        columns=[
            gettext("Between"),
            gettext("First day"),
            gettext("Last day"),
            gettext("State"),
            gettext("Confidential"),
        ],
        rows=[
            [
                {"text": _between(exclusion, names), "href": f"{EXCLUSIONS}/{exclusion.id}"},
                dates.day(exclusion.since, short=True),
                dates.day(exclusion.until, short=True) if exclusion.until else None,
                words.term(exclusion.since, exclusion.until),
                gettext("Yes") if exclusion.confidential else gettext("No"),
            ]
            for exclusion in page_rows(exclusions, max(page, 1))
        ],
        page=max(page, 1),
        total=len(exclusions),
        empty_why=gettext("No pair is excluded. Countries and organisations can all be matched, within the rules."),
        done={"saved": gettext("Saved."), "ended": gettext("The pair can be matched again from tomorrow on.")}.get(
            request.query_params.get("done", ""), ""
        ),
    )


def _between(exclusion: Exclusion, names: dict[str, str]) -> str:
    if exclusion.countries:
        return f" {NOTHING} ".join(labels.country(code) for code in exclusion.countries)
    return f" {NOTHING} ".join(names.get(str(id_), "") for id_ in exclusion.organisations or ())


async def _pair_page(
    request: Request, bus: Bus, form: ExclusionForm, status: int = 200, exclusion: Exclusion | None = None
) -> Response:
    async with bus.read() as session:
        form.offer(await views.organisations(session))
    return form_page(
        request,
        form,
        status,
        title=gettext("Change the pair") if exclusion else gettext("Add a pair"),
        text=gettext(
            "Fill in the two countries or the two organisations. To let the pair be matched again, enter a last day."
        ),
        back=EXCLUSIONS,
        button=gettext("Save"),
        version=exclusion.version if exclusion else None,
        end_href=f"{EXCLUSIONS}/{exclusion.id}/end"
        if exclusion and (exclusion.until is None or exclusion.until > clock.today())
        else "",
    )


@router.get("/exclusions/new")
async def new_pair(request: Request, _: Coordinator, bus: BusDep) -> Response:
    """Show an empty form."""
    return await _pair_page(request, bus, ExclusionForm())


@router.post("/exclusions/new")
async def enter_pair(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Enter an excluded pair."""
    return await _save_pair(request, principal, bus, None)


async def _pair(bus: Bus, exclusion_id: UUID) -> Exclusion:
    async with bus.read() as session:
        return await views.exclusion(session, exclusion_id)


@router.get("/exclusions/{exclusion_id}")
async def edit_pair(request: Request, exclusion_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """Show the form with the pair."""
    exclusion = await _pair(bus, exclusion_id)
    data: dict[str, Any] = exclusion.model_dump(include={"since", "until", "confidential"})
    if exclusion.countries:
        data |= {
            "between": "countries",
            "first_country": exclusion.countries[0],
            "second_country": exclusion.countries[1],
        }
    elif exclusion.organisations:
        first, second = exclusion.organisations
        data |= {"between": "organisations", "first_organisation": first, "second_organisation": second}
    return await _pair_page(request, bus, ExclusionForm(data=data), exclusion=exclusion)


@router.post("/exclusions/{exclusion_id}")
async def change_pair(request: Request, exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Change an excluded pair."""
    return await _save_pair(request, principal, bus, await _pair(bus, exclusion_id))


@router.post("/exclusions/{exclusion_id}/end")
async def end_pair(exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """End an exclusion: the pair may be matched again from tomorrow on."""
    await actions.end_exclusion(bus, principal, exclusion_id)
    return see_other(f"{EXCLUSIONS}?done=ended")


async def _save_pair(request: Request, principal: Principal, bus: Bus, exclusion: Exclusion | None) -> Response:
    form = await ExclusionForm.read(request)
    async with bus.read() as session:
        form.offer(await views.organisations(session))
    if not form.validate():
        return await _pair_page(request, bus, form, 422, exclusion)
    kind, pair = form.pair()
    suffix = "country" if kind == "countries" else "organisation"
    for place, chosen in zip(("first", "second"), pair, strict=True):
        if not chosen:
            form.refuse(f"{place}_{suffix}", gettext("Choose one"))
    if not all(pair):
        return await _pair_page(request, bus, form, 422, exclusion)

    async def submit() -> UUID:
        terms = {"since": form.since.data, "until": form.until.data, "confidential": form.confidential.data}
        entry = ExclusionEntry.model_validate({"id": exclusion.id if exclusion else None, kind: pair, **terms})
        version = await version_of(request) if exclusion else None
        return await actions.save_exclusion(bus, principal, entry, version=version)

    submitted = await submit_change(form, submit)
    if isinstance(submitted, int):
        return await _pair_page(request, bus, form, submitted, exclusion)
    return see_other(f"{EXCLUSIONS}?done=saved")
