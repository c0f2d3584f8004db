"""Show how good the data behind the figures are: which events make no sense, and what happens to each."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from markupsafe import Markup
from starlette.requests import Request

from services.reporting.facts.views import PAGE, DataFlaw, DeadLetter, UnknownType, quality_page
from services.reporting.guards import Tracer
from services.reporting.parameters import BusDep
from shared.contracts.codes import Role
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.lists import Cell, Column, Empty, Listing, list_page

router = APIRouter(include_in_schema=False)

REASONS = {
    "undecodable": N_("It cannot be read"),
    "contract": N_("It breaks its contract"),
    "source": N_("It does not come from the owner of its topic"),
    "tombstone": N_("It is empty"),
    "failed": N_("It could not be processed"),
    "fork": N_("Another event has its number, because its owner was restored from a copy"),
    "gap": N_("An event before it is missing"),
    "behind": N_("An earlier event of the same subject is a dead letter"),
}
"""The reasons why an event is a dead letter, in words."""


@router.get("/reporting/quality")
async def quality(
    request: Request, principal: Tracer, bus: BusDep, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """Show the events that make no sense, what is wrong with each, and what happens to it."""
    flawed, total, lists = await quality_page(bus, page)
    count = total + len(lists.elsewhere) + len(lists.unknown) + len(lists.dead_letters)
    heading = (
        ngettext("%(num)d problem with the data", "%(num)d problems with the data", count) % {"num": count}
        if count
        else gettext("No problems with the data")
    )
    names = (
        gettext("Event"),
        gettext("Event type"),
        gettext("Business date"),
        gettext("What is wrong"),
        gettext("What happens to it"),
    )
    listing = Listing(
        gettext("Data quality"),
        "/reporting/quality",
        [Column(name) for name in names],
        [_row(flaw) for flaw in flawed],
        total,
        Empty(
            gettext("All events received make sense, and all of them have been processed."),
            gettext("See the figures"),
            "/reporting/",
        ),
        page=page,
        size=PAGE,
        intro=gettext("No event received is lost. Each event is kept whole, and counts as soon as it is corrected."),
        caption=gettext("Data quality"),
        back="/reporting/",
        back_text=gettext("All figures"),
        heading=heading,
        table_title=gettext("Events with impossible data"),
    )
    return list_page(
        request,
        listing,
        "facts/quality.html",
        count=count,
        elsewhere=[_row(flaw) for flaw in lists.elsewhere],
        dead_letters=[_dead_letter(letter) for letter in lists.dead_letters],
        unknown=[_unknown(kind) for kind in lists.unknown],
        mends=principal.has(Role.PROGRAMME_COORDINATOR),
    )


_NOTED = Markup('<div>{}<br><span class="tandem-quiet govuk-body-s">{}</span></div>')
_FATE = Markup('<div><strong>{}</strong><br><span class="govuk-body-s">{}</span></div>')


def _row(flaw: DataFlaw) -> list[Cell]:
    return [
        Markup("<div><code>{}</code></div>").format(flaw.event),
        _NOTED.format(flaw.type, f"{flaw.topic}, {dates.moment(flaw.occurred_at)}"),
        dates.day(flaw.day),
        gettext(flaw.flaw.sentence),
        _FATE.format(gettext("Left out") if flaw.left_out else gettext("Listed only"), f"{gettext(flaw.flaw.fate)}."),
    ]


def _dead_letter(letter: DeadLetter) -> list[Cell]:
    subject = Markup("<code>{}</code>").format(letter.subject)
    if letter.sequence:
        number = gettext("number %(number)s") % {"number": letter.sequence}
        subject += Markup(' <span class="tandem-quiet govuk-body-s">{}</span>').format(number)
    return [
        Markup("<div>{}</div>").format(subject),
        _NOTED.format(letter.type or gettext("unreadable"), f"{letter.topic}, {dates.moment(letter.recorded_at)}"),
        _NOTED.format(gettext(REASONS.get(letter.reason, letter.reason)), letter.detail),
        _FATE.format(
            gettext("Not counted yet"),
            gettext("It is kept unchanged and counts when it is processed again."),
        ),
    ]


def _unknown(kind: UnknownType) -> list[Cell]:
    return [
        _NOTED.format(kind.type, kind.topic),
        _NOTED.format(kind.count, gettext("last on %(moment)s") % {"moment": dates.moment(kind.last_seen)}),
        _FATE.format(
            gettext("Not counted"),
            gettext(
                "No definition reads it. The log and its owner's journal keep it. A release that knows the "
                "type counts it after a rebuild."
            ),
        ),
    ]
