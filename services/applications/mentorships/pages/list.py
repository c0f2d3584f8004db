"""The list of mentorships, with what waits in each."""

from collections import Counter
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response

from services.applications.display import page_rows, state_counts, tag
from services.applications.guards import PairOrDecider
from services.applications.matches.views.names import applicant_name, mentor_name
from services.applications.mentorships.pages.common import mentorship_path, router
from services.applications.mentorships.views.mentorship import MentorshipRow, mentorship_rows
from services.applications.parameters import BusDep
from services.applications.tables import PAGE
from shared.contracts import labels
from shared.i18n import gettext, ngettext
from shared.time import clock, dates
from shared.web.render import render

WAITS, RESULTS = "waits", "results"


@router.get("")
async def show_all(
    request: Request,
    principal: PairOrDecider,
    bus: BusDep,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """Show the mentorships that concern the reader: what waits for the reader first, then the newest first."""
    async with bus.read() as session:
        rows = await mentorship_rows(session, principal)
    mine = [row for row in rows if row.pending]
    results = [row for row in rows if row.results]
    listed = {WAITS: mine, RESULTS: results}.get(state)
    listed = [row for row in rows if not state or row.mentorship.state == state] if listed is None else listed
    waiting_count = (WAITS, len(mine), ngettext("waits for you", "wait for you", len(mine)), "wait")
    results_count = (
        RESULTS,
        len(results),
        ngettext("waits for what came of it at home", "wait for what came of them at home", len(results)),
        "wait",
    )
    return render(
        request,
        "mentorships/list.html",
        rows=[_row(row) for row in page_rows(listed, page)],
        total=len(listed),
        page=page,
        size=PAGE,
        filtered=bool(state) and bool(rows),
        counts=state_counts("mentorship", Counter(row.mentorship.state for row in rows), waiting_count, results_count),
    )


def _row(row: MentorshipRow) -> list[Any]:
    mentorship, view = row.mentorship, row.of
    return [
        {"text": view.case.application.reference or str(mentorship.id), "href": mentorship_path(mentorship.id)},
        applicant_name(view),
        mentor_name(view),
        gettext("%(mentee)s and %(mentor)s")
        % {"mentee": labels.country(mentorship.country), "mentor": labels.country(mentorship.mentor_country)},
        tag("mentorship", mentorship.state),
        dates.day(mentorship.since, short=True),
        gettext("%(count)s confirmed") % {"count": row.totals.confirmed},
        _next(row),
    ]


def _next(row: MentorshipRow) -> str | None:
    """Return what waits for the reader, or when the two meet next."""
    if row.pending:
        return "; ".join(task_label(task.what.label, task.count) for task in row.pending)
    if row.results:
        return gettext("Say what came of it at home")
    if row.next_on is not None:
        return gettext("You meet on %(day)s (%(when)s)") % {
            "day": dates.day(row.next_on, short=True),
            "when": dates.relative(row.next_on, clock.today()),
        }
    return None


def task_label(label: str, count: int) -> str:
    """Return the label of a task, with its number where it is more than one."""
    return gettext(label) if count == 1 else f"{gettext(label)} ({count})"
