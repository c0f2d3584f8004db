"""What does the programme see and do about funds and about pairs that are never matched?"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.display import page_rows
from services.applications.forms import refuse, version_of
from services.applications.guards import Coordinator
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.refusals import not_found, unreadable
from services.applications.register.actions import funds as actions
from services.applications.register.forms import ExclusionForm, FundForm
from services.applications.register.model import ExclusionEntry, FundEntry
from services.applications.register.store import entries
from services.applications.register.views import words
from services.applications.register.views.words import NOTHING
from shared.bus import Bus
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web.render import see_other

router = APIRouter(prefix=REGISTER, include_in_schema=False)
FUNDS, EXCLUSIONS = f"{REGISTER}/funds", f"{REGISTER}/exclusions"


@router.get("/funds")
async def show_funds(request: Request, _: Coordinator, bus: BusDep, page: int = 1) -> Response:
    """All funds by name."""
    async with bus.read() as session:
        found = await entries.funds(session)
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
                {"text": one.name, "href": f"{FUNDS}/{one.id}"},
                one.payer,
                dates.day(one.since, short=True),
                dates.day(one.until, short=True) if one.until else None,
                words.term(one.since, one.until),
                gettext("Yes") if one.active else gettext("No"),
            ]
            for one in page_rows(found, max(page, 1))
        ],
        page=max(page, 1),
        total=len(found),
        empty_why=gettext("No fund is entered yet. A call needs one."),
        done=gettext("Saved.") if request.query_params.get("done") == "saved" else "",
    )


def _fund_page(request: Request, form: FundForm, status: int = 200, one: entries.Fund | None = None) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Change the fund") if one else gettext("Add a fund"),
        back=FUNDS,
        button=gettext("Save"),
        version=one.version if one else None,
    )


@router.get("/funds/new")
async def new_fund(request: Request, _: Coordinator) -> Response:
    """An empty form."""
    return _fund_page(request, FundForm())


@router.post("/funds/new")
async def enter_fund(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Enter it."""
    return await _save_fund(request, principal, bus, None)


async def _fund(bus: Bus, fund_id: UUID) -> entries.Fund:
    async with bus.read() as session:
        one = await entries.fund(session, fund_id)
    if one is None:
        raise not_found()
    return one


@router.get("/funds/{fund_id}")
async def edit_fund(request: Request, fund_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """The form with what is known."""
    one = await _fund(bus, fund_id)
    return _fund_page(request, FundForm(data=one.model_dump()), one=one)


@router.post("/funds/{fund_id}")
async def change_fund(request: Request, fund_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Change it."""
    return await _save_fund(request, principal, bus, await _fund(bus, fund_id))


async def _save_fund(request: Request, principal: Principal, bus: Bus, one: entries.Fund | None) -> Response:
    form = await FundForm.read(request)
    if not form.validate():
        return _fund_page(request, form, 422, one)
    try:
        entry = FundEntry.model_validate(form.values() | {"id": one.id if one else None})
        await actions.save_fund(bus, principal, entry, version=await version_of(request) if one else None)
    except ValidationError as error:
        for name, sentence in unreadable(error).items():
            form.refuse(name, sentence)
        return _fund_page(request, form, 422, one)
    except Refused as refused:
        refuse(form, refused)
        return _fund_page(request, form, refused.status_code, one)
    return see_other(f"{FUNDS}?done=saved")


@router.get("/exclusions")
async def show_exclusions(request: Request, _: Coordinator, bus: BusDep, page: int = 1) -> Response:
    """All excluded pairs, the newest first."""
    async with bus.read() as session:
        found = await entries.exclusions(session)
        names = await words.organisation_names(session, [one.organisations for one in found])
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
                {"text": _between(one, names), "href": f"{EXCLUSIONS}/{one.id}"},
                dates.day(one.since, short=True),
                dates.day(one.until, short=True) if one.until else None,
                words.term(one.since, one.until),
                gettext("Yes") if one.confidential else gettext("No"),
            ]
            for one in page_rows(found, max(page, 1))
        ],
        page=max(page, 1),
        total=len(found),
        empty_why=gettext("No pair is excluded. Countries and organisations can all be matched, within the rules."),
        done={"saved": gettext("Saved."), "ended": gettext("The pair can be matched again from tomorrow on.")}.get(
            request.query_params.get("done", ""), ""
        ),
    )


def _between(one: entries.Exclusion, names: dict[str, str]) -> str:
    if one.countries:
        return f" {NOTHING} ".join(labels.country(code) for code in one.countries)
    return f" {NOTHING} ".join(names.get(str(id_), "") for id_ in one.organisations or ())


async def _pair_page(
    request: Request, bus: Bus, form: ExclusionForm, status: int = 200, one: entries.Exclusion | None = None
) -> Response:
    async with bus.read() as session:
        form.offer(await entries.organisations(session))
    return form_page(
        request,
        form,
        status,
        title=gettext("Change the pair") if one else gettext("Add a pair"),
        text=gettext(
            "Fill in the two countries or the two organisations. To let the pair be matched again, enter a last day."
        ),
        back=EXCLUSIONS,
        button=gettext("Save"),
        version=one.version if one else None,
        end_href=f"{EXCLUSIONS}/{one.id}/end" if one and (one.until is None or one.until > clock.today()) else "",
    )


@router.get("/exclusions/new")
async def new_pair(request: Request, _: Coordinator, bus: BusDep) -> Response:
    """An empty form."""
    return await _pair_page(request, bus, ExclusionForm())


@router.post("/exclusions/new")
async def enter_pair(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Enter it."""
    return await _save_pair(request, principal, bus, None)


async def _pair(bus: Bus, exclusion_id: UUID) -> entries.Exclusion:
    async with bus.read() as session:
        one = await entries.exclusion(session, exclusion_id)
    if one is None:
        raise not_found()
    return one


@router.get("/exclusions/{exclusion_id}")
async def edit_pair(request: Request, exclusion_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """The form with what is known."""
    one = await _pair(bus, exclusion_id)
    data: dict[str, Any] = one.model_dump(include={"since", "until", "confidential"})
    if one.countries:
        data |= {"between": "countries", "first_country": one.countries[0], "second_country": one.countries[1]}
    elif one.organisations:
        first, second = one.organisations
        data |= {"between": "organisations", "first_organisation": first, "second_organisation": second}
    return await _pair_page(request, bus, ExclusionForm(data=data), one=one)


@router.post("/exclusions/{exclusion_id}")
async def change_pair(request: Request, exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Change it."""
    return await _save_pair(request, principal, bus, await _pair(bus, exclusion_id))


@router.post("/exclusions/{exclusion_id}/end")
async def end_pair(exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """The pair may be matched again from tomorrow on."""
    await actions.end_exclusion(bus, principal, exclusion_id)
    return see_other(f"{EXCLUSIONS}?done=ended")


async def _save_pair(request: Request, principal: Principal, bus: Bus, one: entries.Exclusion | None) -> Response:
    form = await ExclusionForm.read(request)
    async with bus.read() as session:
        form.offer(await entries.organisations(session))
    if not form.validate():
        return await _pair_page(request, bus, form, 422, one)
    kind, pair = form.pair()
    which = "country" if kind == "countries" else "organisation"
    for place, chosen in zip(("first", "second"), pair, strict=True):
        if not chosen:
            form.refuse(f"{place}_{which}", gettext("Choose one"))
    if not all(pair):
        return await _pair_page(request, bus, form, 422, one)
    try:
        entry = ExclusionEntry.model_validate(
            {
                "id": one.id if one else None,
                kind: pair,
                "since": form.since.data,
                "until": form.until.data,
                "confidential": form.confidential.data,
            }
        )
        await actions.save_exclusion(bus, principal, entry, version=await version_of(request) if one else None)
    except Refused as refused:
        refuse(form, refused)
        return await _pair_page(request, bus, form, refused.status_code, one)
    return see_other(f"{EXCLUSIONS}?done=saved")
