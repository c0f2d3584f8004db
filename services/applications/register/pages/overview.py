"""Show what the register holds, and what of it waits for the reader."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.parameters import REGISTER, BusDep, Portal
from services.applications.register.store import entries, people
from services.applications.register.views.scope import decides, scope_of
from services.applications.register.views.waiting import waiting_counts
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import countries_visible
from shared.time import clock, dates
from shared.web.render import render

router = APIRouter(include_in_schema=False)


@router.get(REGISTER)
async def show(request: Request, principal: Decider, bus: BusDep, settings: Portal) -> Response:
    """Show what waits for the reader, and the ways into the register."""
    scope, countries = scope_of(principal), countries_visible(principal)
    async with bus.read() as session:
        organisations, people_count = await people.count_entries(session, scope)
        counts = await waiting_counts(session, principal, settings)
        partners = await entries.partners(session)
    current: dict[str, entries.Partner] = {}
    for partner in partners:
        if partner.since <= clock.today() and (countries is None or partner.country in countries):
            current.setdefault(partner.country, partner)
    return render(
        request,
        "register/overview.html",
        counts=counts,
        all_partners=decides(principal),
        cards=_cards(principal, organisations, people_count),
        partners=[
            [
                labels.country(partner.country),
                tag("partner", "suspended" if partner.status == "suspended" else "active"),
                dates.day(partner.since),
            ]
            for partner in current.values()
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
        (gettext("Proposals"), gettext("What was proposed, and what became of it."), "proposals"),
        (gettext("Confirm access"), gettext("Once a year: who is still there, and still needs the role?"), "access"),
        (gettext("Deputies"), gettext("Who stands in for you, from when until when."), "deputies"),
    ]
    if principal.has(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR):
        cards.append((gettext("Training needs"), gettext("What the OTNA names; also as a table."), "needs"))
    if decides(principal):
        cards += [
            (gettext("Funds"), gettext("Who pays, from when until when."), "funds"),
            (
                gettext("Pairs that are never matched"),
                gettext("Countries or organisations that are kept apart."),
                "exclusions",
            ),
        ]
    return [{"title": title, "text": text, "href": f"{REGISTER}/{path}"} for title, text, path in cards]
