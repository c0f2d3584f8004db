"""Show what the register holds, and what of it waits for the reader."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.parameters import REGISTER, BusDep, Portal
from services.applications.register.views.overview import overview
from services.applications.register.views.scope import decides
from services.applications.register.views.waiting import waiting_counts
from shared.contracts import labels
from shared.contracts.codes import PartnerStatus, Role
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.time import dates
from shared.web.render import render

router = APIRouter(include_in_schema=False)


@router.get(REGISTER)
async def show(request: Request, principal: Decider, bus: BusDep, settings: Portal) -> Response:
    """Show what waits for the reader, and the ways into the register."""
    async with bus.read() as session:
        found_overview = await overview(session, principal)
        counts = await waiting_counts(session, principal, settings)
    return render(
        request,
        "register/overview.html",
        counts=counts,
        all_partners=decides(principal),
        cards=_cards(principal, found_overview.organisations, found_overview.people),
        partners=[
            [
                labels.country(partner.country),
                tag("partner", "suspended" if partner.status is PartnerStatus.SUSPENDED else "active"),
                dates.day(partner.since),
            ]
            for partner in found_overview.partners
        ],
    )


def _cards(principal: Principal, organisations: int, people_count: int) -> list[dict[str, str]]:
    cards = [
        (
            gettext("Organisations"),
            ngettext("%(num)d organisation", "%(num)d organisations", organisations) % {"num": organisations},
            "organisations",
        ),
        (
            gettext("People"),
            ngettext("%(num)d person", "%(num)d people", people_count) % {"num": people_count},
            "people",
        ),
        (gettext("Proposals"), gettext("What was proposed, and the result."), "proposals"),
        (
            gettext("Confirm access"),
            gettext("Once a year, check who is still there and still needs the role."),
            "access",
        ),
        (gettext("Deputies"), gettext("Who acts for you, from when until when."), "deputies"),
    ]
    if principal.has(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR):
        cards.append(
            (gettext("Training needs"), gettext("From the operational training needs analysis (OTNA)."), "needs")
        )
    if decides(principal):
        cards += [
            (gettext("Funds"), gettext("Who pays, and from when until when."), "funds"),
            (
                gettext("Pairs that are never matched"),
                gettext("Countries or organisations that are kept apart."),
                "exclusions",
            ),
        ]
    return [{"title": title, "text": text, "href": f"{REGISTER}/{path}"} for title, text, path in cards]
