"""What is in the register, and what of it waits for the reader?"""

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
    """What waits for the reader, and the ways into the register."""
    seen, countries = scope_of(principal), countries_visible(principal)
    async with bus.read() as session:
        bodies, persons = await people.counted(session, seen)
        waiting = await waiting_counts(session, principal, settings)
        partners = await entries.partners(session)
    now: dict[str, entries.Partner] = {}
    for one in partners:
        if one.since <= clock.today() and (countries is None or one.country in countries):
            now.setdefault(one.country, one)
    return render(
        request,
        "register/overview.html",
        counts=waiting,
        all_partners=decides(principal),
        cards=_cards(principal, bodies, persons),
        partners=[
            [
                labels.country(one.country),
                tag("partner", "suspended" if one.status == "suspended" else "active"),
                dates.day(one.since),
            ]
            for one in now.values()
        ],
    )


def _cards(principal: Principal, bodies: int, persons: int) -> list[dict[str, str]]:
    ways = [
        (
            gettext("Organisations"),
            ngettext("%(num)d organisation", "%(num)d organisations", bodies) % {"num": bodies},
            "organisations",
        ),
        (gettext("People"), ngettext("%(num)d person", "%(num)d people", persons) % {"num": persons}, "people"),
        (gettext("Proposals"), gettext("What was proposed, and what became of it."), "proposals"),
        (gettext("Confirm access"), gettext("Once a year: who is still there, and still needs the role?"), "access"),
        (gettext("Deputies"), gettext("Who stands in for you, from when until when."), "deputies"),
    ]
    if principal.has(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR):
        ways.append((gettext("Training needs"), gettext("What the OTNA names; also as a table."), "needs"))
    if decides(principal):
        ways += [
            (gettext("Funds"), gettext("Who pays, from when until when."), "funds"),
            (
                gettext("Pairs that are never matched"),
                gettext("Countries or organisations that are kept apart."),
                "exclusions",
            ),
        ]
    return [{"title": title, "text": text, "href": f"{REGISTER}/{path}"} for title, text, path in ways]
