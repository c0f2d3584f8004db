"""Show and change funds and excluded pairs, for the programme."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import page_rows
from services.applications.guards import Coordinator
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import funds as actions
from services.applications.register.forms import ExclusionForm, FundForm
from services.applications.register.model import ExclusionEntry
from services.applications.register.views import entries as views
from services.applications.register.views import words
from services.applications.register.views.entries import Exclusion, Fund
from services.applications.register.views.words import NOTHING
from shared.contracts import labels
from shared.i18n import gettext
from shared.identity.confirmations import rest_on
from shared.time import clock, dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.lists import Column, Empty, Link, Listing, list_page
from shared.web.render import see_other

router = APIRouter(prefix=REGISTER, include_in_schema=False)
FUNDS, EXCLUSIONS = f"{REGISTER}/funds", f"{REGISTER}/exclusions"


@router.get("/funds")
async def show_funds(
    request: Request, _: Coordinator, bus: BusDep, page: Annotated[int, Query(ge=1, le=1000)] = 1
) -> Response:
    """List all funds by name."""
    async with bus.read() as session:
        funds = await views.funds(session)
    heads = (
        gettext("Name"),
        gettext("Who pays"),
        gettext("First day"),
        gettext("Last day"),
        gettext("State"),
        gettext("Calls can use it"),
    )
    listing = Listing(
        gettext("Funds"),
        FUNDS,
        [Column(head) for head in heads],
        [
            [
                Link(fund.name, f"{FUNDS}/{fund.id}"),
                fund.payer,
                dates.day(fund.since, short=True),
                dates.day(fund.until, short=True) if fund.until else None,
                words.term(fund.since, fund.until),
                gettext("Yes") if fund.active else gettext("No"),
            ]
            for fund in page_rows(funds, max(page, 1))
        ],
        len(funds),
        Empty(gettext("No funds yet. A call needs a fund.")),
        page=max(page, 1),
        intro=gettext("Who pays for visits and mentorships. A call names its fund."),
        back=REGISTER,
        buttons=[Link(gettext("Add a fund"), f"{FUNDS}/new")],
        done=gettext("Fund saved.") if request.query_params.get("done") == "saved" else "",
    )
    return list_page(request, listing)


async def _fund(request: DecisionRequest[FundForm]) -> Fund | None:
    """Return the fund that the form changes; None for a new one."""
    if not request.ids:
        return None
    async with request.bus.read() as session:
        return await views.fund(session, request.id)


async def _fund_form(request: DecisionRequest[FundForm]) -> FundForm:
    fund = await _fund(request)
    return request.form if fund is None else FundForm(data=fund.model_dump())


async def _ask_fund(request: DecisionRequest[FundForm]) -> Question:
    fund = await _fund(request)
    return Question(
        gettext("Change the fund") if fund else gettext("Add a fund"),
        gettext("Save fund"),
        FUNDS,
    )


async def _save_fund(request: DecisionRequest[FundForm]) -> str:
    fund_id = request.ids.get("fund_id")
    entry = request.form.entry(fund_id)
    rest_on(request.http, "fund_id", await actions.save_fund(request.bus, request.principal, entry))
    return f"{FUNDS}?done=saved"


add_decision(router, Coordinator, Decision("/funds/new", FundForm, _ask_fund, _save_fund))
add_decision(router, Coordinator, Decision("/funds/{fund_id}", FundForm, _ask_fund, _save_fund, new=_fund_form))


@router.get("/exclusions")
async def show_exclusions(
    request: Request, _: Coordinator, bus: BusDep, page: Annotated[int, Query(ge=1, le=1000)] = 1
) -> Response:
    """List all excluded pairs, newest first."""
    async with bus.read() as session:
        exclusions = await views.exclusions(session)
        names = await words.organisation_names(session, [exclusion.organisations for exclusion in exclusions])
    heads = gettext("Between"), gettext("First day"), gettext("Last day"), gettext("State"), gettext("Confidential")
    listing = Listing(
        gettext("Pairs that are never matched"),
        EXCLUSIONS,
        [Column(head) for head in heads],
        [
            [
                Link(_between(exclusion, names), f"{EXCLUSIONS}/{exclusion.id}"),
                dates.day(exclusion.since, short=True),
                dates.day(exclusion.until, short=True) if exclusion.until else None,
                words.term(exclusion.since, exclusion.until),
                gettext("Yes") if exclusion.confidential else gettext("No"),
            ]
            for exclusion in page_rows(exclusions, max(page, 1))
        ],
        len(exclusions),
        Empty(gettext("No pairs are excluded. All countries and organisations can be matched, within the rules.")),
        page=max(page, 1),
        intro=gettext("Applies in both directions, for a limited time. Only programme coordinators see this list."),
        back=REGISTER,
        buttons=[Link(gettext("Add a pair"), f"{EXCLUSIONS}/new")],
        done={
            "saved": gettext("Pair saved."),
            "ended": gettext("The pair can be matched again from tomorrow on."),
        }.get(request.query_params.get("done", ""), ""),
    )
    return list_page(request, listing)


def _between(exclusion: Exclusion, names: dict[str, str]) -> str:
    if exclusion.countries:
        return f" {NOTHING} ".join(labels.country(code) for code in exclusion.countries)
    return f" {NOTHING} ".join(names.get(str(id_), "") for id_ in exclusion.organisations or ())


async def _pair(request: DecisionRequest[ExclusionForm]) -> Exclusion | None:
    """Return the pair that the form changes; None for a new one."""
    if not request.ids:
        return None
    async with request.bus.read() as session:
        return await views.exclusion(session, request.id)


async def _pair_form(request: DecisionRequest[ExclusionForm]) -> ExclusionForm:
    exclusion = await _pair(request)
    if exclusion is None:
        return request.form
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
    return ExclusionForm(data=data)


async def _offer_organisations(request: DecisionRequest[ExclusionForm]) -> None:
    async with request.bus.read() as session:
        request.form.offer(await views.organisations(session))


async def _ask_pair(request: DecisionRequest[ExclusionForm]) -> Question:
    exclusion = await _pair(request)
    ends = exclusion is not None and (exclusion.until is None or exclusion.until > clock.today())
    return Question(
        gettext("Change the pair") if exclusion else gettext("Add a pair"),
        gettext("Save pair"),
        EXCLUSIONS,
        text=gettext(
            "Enter the two countries or the two organisations. To let the pair be matched again, enter a last day."
        ),
        template="register/exclusion.html",
        more={"end_href": f"{EXCLUSIONS}/{request.id}/end" if ends else ""},
    )


async def _save_pair(request: DecisionRequest[ExclusionForm]) -> str:
    form, exclusion_id = request.form, request.ids.get("exclusion_id")
    kind, pair = form.pair()
    terms = {"since": form.since.data, "until": form.until.data, "confidential": form.confidential.data}
    entry = ExclusionEntry.model_validate({"id": exclusion_id, kind: pair, **terms})
    rest_on(request.http, "exclusion_id", await actions.save_exclusion(request.bus, request.principal, entry))
    return f"{EXCLUSIONS}?done=saved"


@router.post("/exclusions/{exclusion_id}/end")
async def end_pair(exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """End an exclusion: the pair may be matched again from tomorrow on."""
    await actions.end_exclusion(bus, principal, exclusion_id)
    return see_other(f"{EXCLUSIONS}?done=ended")


for _path in ("/exclusions/new", "/exclusions/{exclusion_id}"):
    add_decision(
        router,
        Coordinator,
        Decision(_path, ExclusionForm, _ask_pair, _save_pair, new=_pair_form, prepare=_offer_organisations),
    )
