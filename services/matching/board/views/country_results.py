"""Write the results of a country's applicants as a workbook, with a plain sentence for each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.matching.facts import views as facts
from services.matching.lifecycle.store import receipts as store
from services.matching.overview.store import board
from services.matching.receipts.views.explanation import explanation, named_places, seat_of
from services.matching.sheets.files.result_workbook import of_tables
from services.matching.words import stage
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import gettext, number
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.matching.facts.views import Place
    from services.matching.receipts.views.receipts import Explained
    from shared.bus import Bus
    from shared.identity.scope import Reach

MOST = 5_000
"""So many applicants are in one workbook."""


async def country_results(bus: Bus, within: Reach, call_id: UUID | None, country: str | None) -> bytes:
    """Return a workbook with the applicants from the reader's own country, of a call or of all, by reference.

    The programme coordinator gets those of all countries, or of one. Nobody is named. Raises `Refused` (422) for more
    than `MOST`.
    """
    async with bus.read() as session:
        filters = board.Filter(call_id=call_id, country=country)
        own, total = await board.cases(session, within, filters, size=MOST + 1, from_reach=True)
        if total > MOST:
            sentence = gettext("A workbook holds %(most)s applications. Choose a call or a country.")
            raise Refused(sentence % {"most": number(MOST)}, 422)
        receipts = await store.receipts_of(session, [row.id for row in own])
        calls = await facts.some_calls(session, {row.call_id for row in own})
        published = {id_: receipt.event for id_, receipt in receipts.items()}
        seats = {seat for each in published.values() for seat in (*named_places(each, ()), seat_of(each)) if seat}
        places = await facts.places(session, seats)
    references = {call.id: call.reference for call in calls.summaries}
    lines = [
        (
            references.get(row.call_id, ""),
            row.reference,
            labels.country(row.country),
            stage(row.stage_kind, row.stage).word,
            *_result(published.get(row.id), places, calls.scheme(row.call_id)),
            dates.day(receipts[row.id].at) if row.id in receipts else "",
        )
        for row in own
    ]
    columns = (
        gettext("Call"),
        gettext("Application"),
        gettext("Country"),
        gettext("Status"),
        gettext("Place"),
        gettext("Host country"),
        gettext("What you can tell the officer"),
        gettext("Smallest changes that would have led to a match"),
        gettext("Result of"),
    )
    return await asyncio.to_thread(of_tables, {gettext("Results"): (columns, lines)})


def _result(published: Explained | None, places: Mapping[UUID, Place], scheme: str) -> tuple[str, str, str, str]:
    """Return place, host country, the sentence for the officer and the smallest changes, each enough by itself."""
    if published is None:
        return "", "", gettext("No cohort has included this application yet."), ""
    found = explanation(published, places, scheme, side="applicant")
    seat_id = seat_of(published)
    seat = places.get(seat_id) if seat_id else None
    return (
        seat.reference if seat else "",
        labels.country(seat.country) if seat else "",
        " ".join((*found.sentences, *found.notes)),
        "" if found.matched else "; ".join(found.changes),
    )
