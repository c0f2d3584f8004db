"""Serve an event's row in a service's journal and the anchor of its chain, with the commands that compute them again.

They are the last steps of an auditor's walk from a published number. No payload is shown: its digest is enough.

routers=[..., journal_router("matching")]      # /matching/journal/{event}, for those who may trace figures
"""

# No `from __future__ import annotations` here: FastAPI cannot resolve such annotations of functions made inside one.

import re
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse, Response

from shared.bus import Bus
from shared.bus.outbox.chain_rows import ChainAnchor, JournalRow, anchor_of, chain_from, journal_row
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import allow
from shared.runtime.service import bus_of
from shared.web.render import render

READERS = (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR, Role.AUDITOR)
"""Those who may follow a figure to its events."""
CAME_FROM = "from"
"""The parameter with the address of the list of events that the reader came from, so that the pages lead back to it."""
_EVENT_LIST = re.compile(
    r"/reporting/[0-9]{4}[^/?#]*/[0-9]+/indicators/[^?#]+/events(\?page=[0-9]+)?"
    r"|/reporting/indicators/[^/?#]+/events\?period=[^/?#&]+(&page=[0-9]+)?"
)
CameFrom = Annotated[str, Query(alias=CAME_FROM, max_length=500)]


def journal_router(service: str) -> APIRouter:
    """Return the pages of an event's row in the journal of `service`, and of its chain's anchor."""
    router = APIRouter(prefix=f"/{service}/journal", include_in_schema=False)
    reader = Depends(allow(*READERS))

    async def row_of(bus: Bus, event: UUID) -> JournalRow:
        async with bus.read() as session:
            found = await journal_row(session, event)
        if found is None:
            raise Refused(gettext("The journal of this service has no such event."), 404)
        return found

    async def anchored(bus: Bus, row: JournalRow) -> ChainAnchor | None:
        return await anchor_of(bus.settings.anchors, service, row)

    async def show(request: Request, event: UUID, came_from: CameFrom = "", bus: Bus = Depends(bus_of)) -> Response:
        row = await row_of(bus, event)
        listed = _event_list(came_from)
        address = journal_address(service, event, "/anchor", came_from=listed)
        return render(request, "journal_row.html", row=row, link=_link_command(row), anchor=address, listed=listed)

    async def anchor(request: Request, event: UUID, came_from: CameFrom = "", bus: Bus = Depends(bus_of)) -> Response:
        row = await row_of(bus, event)
        found = await anchored(bus, row)
        async with bus.read() as session:
            chain = [] if found is None else await chain_from(session, row, found.head.sequence)
        return render(
            request,
            "journal_anchor.html",
            row=row,
            anchor=found,
            chain=chain,
            keeps_anchors=bus.settings.anchors is not None,
            service=service,
            compute=_chain_command(row),
            address=f"/{service}/journal/{event}",
            back_to=journal_address(service, event, came_from=_event_list(came_from)),
        )

    async def chain_file(
        event: UUID, last: Annotated[int, Query(ge=1, le=2**62)], bus: Bus = Depends(bus_of)
    ) -> Response:
        row = await row_of(bus, event)
        async with bus.read() as session:
            links = await chain_from(session, row, last)
        text = "".join(f"{each.sequence}\t{each.digest}\t{each.hash}\n" for each in links)
        return PlainTextResponse(text, headers={"Content-Disposition": 'attachment; filename="chain.txt"'})

    router.add_api_route("/{event}", show, methods=["GET"], dependencies=[reader])
    router.add_api_route("/{event}/anchor", anchor, methods=["GET"], dependencies=[reader])
    router.add_api_route("/{event}/chain.txt", chain_file, methods=["GET"], dependencies=[reader])
    return router


def journal_address(service: str, event: UUID, below: str = "", *, came_from: str = "") -> str:
    """Return the address of an event's row, or of a page below it, that leads back to the list it was opened from."""
    return f"/{service}/journal/{event}{below}" + (f"?{CAME_FROM}={quote(came_from, safe='/')}" if came_from else "")


def _event_list(came_from: str) -> str:
    """Return the address if it is that of a list of events behind a published number; any other leads nowhere."""
    return came_from if _EVENT_LIST.fullmatch(came_from) and ".." not in came_from else ""


def _link_command(row: JournalRow) -> str:
    """Return the command that computes the hash of an event from the one before it and the digest of its payload."""
    return (
        'python3 -c "import hashlib; print(hashlib.sha256(bytes.fromhex('
        f"'{row.before}' + '{row.digest}')).hexdigest())\""
    )


def _chain_command(row: JournalRow) -> str:
    """Return the command that computes the last hash of the downloaded chain from the digests of its events."""
    return (
        'python3 -c "import hashlib\n'
        f"link = bytes.fromhex('{row.before}')\n"
        "for line in open('chain.txt'): link = hashlib.sha256(link + bytes.fromhex(line.split()[1])).digest()\n"
        'print(link.hex())"'
    )
