"""List the access that is to be confirmed once a year, and confirm that of one person or of several."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from services.applications.access.actions import yearly_confirmation
from services.applications.bulk import still_open
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.own_cases.model import Tie, why_not
from services.applications.parameters import REGISTER, BusDep, Portal, settings_of
from services.applications.refusals import not_found
from services.applications.register.views import confirmation
from services.applications.register.views.confirmation import AccessRow
from shared.contracts import labels
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.decisions import BulkAct, BulkDecision, BulkWords, Item, Items, Result, Ticked, add_bulk_decision
from shared.web.forms import Form
from shared.web.lists import Cell, Column, Empty, Link, Listing, Tick, list_page
from shared.web.query import one_of
from shared.web.render import see_other

router = APIRouter(prefix=REGISTER, include_in_schema=False)
ACCESS, PEOPLE = f"{REGISTER}/access", f"{REGISTER}/people"
ACTS = {
    "confirm": BulkAct(
        Form,
        N_("Confirm for another year"),
        N_("Confirm selected people for another year"),
        lambda count: ngettext("Confirm access of this person?", "Confirm access of these people?", count),
    )
}


@router.get("/access")
async def to_confirm(
    request: Request,
    principal: Decider,
    bus: BusDep,
    settings: Portal,
    every: Annotated[str, one_of("1"), Query(alias="all")] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the people whose access is to be confirmed, oldest first; with `all` everybody."""
    async with bus.read() as session:
        access_page = await confirmation.access_list(session, principal, settings, every=bool(every), page=page)
    everybody = Link(gettext("Show everybody"), f"{ACCESS}?all=1")
    heads = gettext("Person"), gettext("Roles"), gettext("Last confirmed"), gettext("Lapses after"), gettext("State")
    ticks = any(row.access.may_confirm for row in access_page.rows)
    listing = Listing(
        gettext("Confirm access"),
        ACCESS,
        [Column(head) for head in heads],
        [[*([_tick(row)] if ticks else []), *_row(row)] for row in access_page.rows],
        access_page.total,
        Empty(
            gettext("No access needs to be confirmed now. We ask again eleven months after the last confirmation."),
            everybody.text,
            everybody.href,
        ),
        page=page,
        intro=gettext(
            "Each access is confirmed once a year. Is this person still there, and do they still need these "
            "roles? Access that is not confirmed by the last day in the list lapses. It can be restored."
        ),
        acts=[("confirm", gettext(ACTS["confirm"].button))] if ticks else [],
        decide=f"{ACCESS}/confirm",
        back=REGISTER,
        back_text=gettext("Register"),
        legend="access",
    )
    other = Link(gettext("Show only due confirmations"), ACCESS) if every else everybody
    return list_page(request, listing, "access/access.html", other=other)


def _tick(row: AccessRow) -> Tick | str:
    """Return the box of a person whose access the reader may confirm; empty for the others."""
    return Tick("person", str(row.access.id), row.access.name) if row.access.may_confirm else ""


def _row(row: AccessRow) -> list[Cell]:
    access, standing = row.access, tag("access", row.state)
    if not access.may_confirm:
        standing = Markup('{}<br><span class="govuk-body-s tandem-quiet">{}</span>').format(standing, _obstacle(row))
    return [
        Link(access.name, f"{PEOPLE}/{access.id}"),
        Markup("<br>").join(row.roles),
        dates.day(access.confirmed_on),
        dates.day(access.lapses),
        standing,
    ]


@router.post("/people/{person_id}/confirm")
async def confirm_person(person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Confirm this person's access for another year."""
    result = await yearly_confirmation.confirm(bus, principal, [person_id])
    if not result.done and not result.left:
        raise not_found()
    if result.left:
        raise yearly_confirmation.for_somebody_else()
    return see_other(f"{PEOPLE}/{person_id}?done=confirmed")


def _obstacle(row: AccessRow) -> str:
    """Return who confirms an access that the reader may not confirm."""
    if row.tie is Tie.OWN:
        return gettext("This is your own access. Somebody else confirms it.")
    if row.tie is not None:
        return why_not(row.tie)
    return gettext("The programme coordinator confirms it.")


async def _rows(ticked: Ticked[Form], ids: Sequence[UUID]) -> list[AccessRow]:
    async with ticked.bus.read() as session:
        return await confirmation.access_rows(session, ticked.principal, settings_of(ticked.request), ids)


def _item(row: AccessRow, text: str) -> Item:
    access, roles = row.access, "; ".join(row.roles)
    facts = (
        (gettext("Country"), labels.country(access.country) if access.country else ""),
        (gettext("Last confirmed"), dates.day(access.confirmed_on)),
        (gettext("Lapses after"), dates.day(access.lapses)),
    )
    return Item(access.id, access.name, roles, tag("access", row.state), text, (), facts)


async def _preview(ticked: Ticked[Form]) -> Items:
    found = await _rows(ticked, ticked.ids)
    back = gettext("The access is restored and confirmed for another year.")
    stays = gettext("The access continues for another year.")
    return Items(
        [_item(row, back if row.access.lapsed_on else stays) for row in found if row.access.may_confirm],
        [_item(row, _obstacle(row)) for row in found if not row.access.may_confirm],
    )


async def _decide(ticked: Ticked[Form]) -> Result:
    result = await yearly_confirmation.confirm(ticked.bus, ticked.principal, ticked.ids, ticked.read)
    changed = [each.id for each in result.left if each.version is not None]
    return Result(result.done, [each.id for each in result.left], changed)


async def _outcome(ticked: Ticked[Form], done_ids: Sequence[UUID], left_ids: Sequence[UUID]) -> Items:
    confirmed, others = await _rows(ticked, done_ids), await _rows(ticked, left_ids)
    return Items(
        [_item(row, gettext("Confirmed for another year")) for row in confirmed],
        [_item(row, still_open() if row.access.may_confirm else _obstacle(row)) for row in others],
    )


add_bulk_decision(
    router,
    Decider,
    BulkDecision(
        path="/access/confirm",
        done_path="/access/confirmed",
        query="person",
        record="person_id",
        home=f"{PEOPLE}/",
        acts=ACTS,
        words=BulkWords(
            none=lambda: gettext("Choose at least one person."),
            several=lambda count: ngettext("%(num)d person", "%(num)d people", count) % {"num": count},
            button=lambda count, act: (
                ngettext("%(act)s: %(num)d person", "%(act)s: %(num)d people", count) % {"num": count, "act": act}
            ),
            done=lambda count: (
                ngettext(
                    "Access of %(num)d person confirmed for another year",
                    "Access of %(num)d people confirmed for another year",
                    count,
                )
                % {"num": count}
            ),
            heads=lambda: (gettext("Person"), gettext("Roles")),
        ),
        back=lambda _act, _query: ACCESS,
        preview=_preview,
        decide=_decide,
        outcome=_outcome,
    ),
)
