"""What is in the register, and what of it waits for the reader?"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.access.actions import yearly_confirmation
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.parameters import BusDep, Portal
from services.applications.register.pages.common import HOME
from services.applications.register.store import entries, people, proposals
from services.applications.register.views.scope import decides, scope_of
from services.applications.settings import Settings
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import countries_visible
from shared.time import clock, dates
from shared.web.render import render

router = APIRouter(include_in_schema=False)


@router.get(HOME)
async def show(request: Request, principal: Decider, bus: BusDep, settings: Portal) -> Response:
    """What waits for the reader, and the ways into the register."""
    seen, countries = scope_of(principal), countries_visible(principal)
    async with bus.read() as session:
        bodies, persons = await people.counted(session, seen)
        waiting = await waits(session, principal, settings)
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


async def waits(session: AsyncSession, principal: Principal, settings: Settings) -> list[dict[str, Any]]:
    """What of the register waits for somebody, with the way to exactly those."""
    seen, today = scope_of(principal), clock.today()
    found = []
    waiting = (await proposals.counts(session, seen, principal.subject)).get("waits", 0)
    if waiting:
        name = (
            ngettext("proposal waits for you", "proposals wait for you", waiting)
            if decides(principal)
            else ngettext("proposal waits for the programme", "proposals wait for the programme", waiting)
        )
        tone = "wait" if decides(principal) else "office"
        found.append({"count": waiting, "name": name, "href": f"{HOME}/proposals?state=waits", "tone": tone})
    until = yearly_confirmation.yearly(settings).asked_before(today)
    _, due = await people.to_confirm(session, seen, until=until, today=today, but=principal.subject)
    if due:
        name = ngettext("access to be confirmed", "accesses to be confirmed", due)
        found.append({"count": due, "name": name, "href": f"{HOME}/access", "tone": "wait"})
    _, unverified = await people.people(session, seen, people.Filters(standing="unverified"))
    if unverified:
        name = ngettext("address not confirmed", "addresses not confirmed", unverified)
        found.append(
            {"count": unverified, "name": name, "href": f"{HOME}/people?standing=unverified", "tone": "office"}
        )
    return found


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
    return [{"title": title, "text": text, "href": f"{HOME}/{path}"} for title, text, path in ways]
