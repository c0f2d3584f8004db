"""The list of mentorships, with what waits in each."""

from collections import Counter
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from services.applications.display import page_rows, tag
from services.applications.guards import PairOrDecider
from services.applications.matches.views.names import applicant_name, mentor_name
from services.applications.mentorships.pages.common import mentorship_path, router
from services.applications.mentorships.views.mentorship import MentorshipRow, mentorship_rows
from services.applications.parameters import BusDep
from shared.contracts import labels
from shared.i18n import gettext, ngettext
from shared.time import clock, dates
from shared.web.lists import Cell, Column, Count, Empty, Link, Listing, list_page, state_counts
from shared.web.query import state_of

WAITS, RESULTS = "waits", "results"
_HERE = "/applications/mentorships"


@router.get("")
async def show_all(
    request: Request,
    principal: PairOrDecider,
    bus: BusDep,
    state: Annotated[str, state_of("mentorship", WAITS, RESULTS)] = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """Show the mentorships that concern the reader: what waits for the reader first, then the newest first."""
    async with bus.read() as session:
        rows = await mentorship_rows(session, principal)
    mine = [row for row in rows if row.pending]
    results = [row for row in rows if row.results]
    listed = {WAITS: mine, RESULTS: results}.get(state)
    listed = [row for row in rows if not state or row.mentorship.state == state] if listed is None else listed
    return list_page(
        request,
        Listing(
            gettext("Mentorships"),
            _HERE,
            _columns(),
            [_row(row) for row in page_rows(listed, page)],
            len(listed),
            _empty(filtered=bool(state) and bool(rows)),
            page=page,
            counts=state_counts(
                "mentorship",
                Counter(row.mentorship.state for row in rows),
                first=_waiting_counts(len(mine), len(results)),
            ),
            back="/applications/",
            live=("/applications/matches/live", "mentorships"),
            legend="mentorship",
        ),
        "mentorships/list.html",
        filtered=bool(state),
    )


def _waiting_counts(mine: int, results: int) -> list[Count]:
    """Return how many wait for the reader, and of how many the results are asked."""
    return [
        Count(mine, ngettext("is waiting for you", "are waiting for you", mine), f"?state={WAITS}", "wait"),
        Count(
            results,
            ngettext("needs a report on results at home", "need a report on results at home", results),
            f"?state={RESULTS}",
            "wait",
        ),
    ]


def _columns() -> list[Column]:
    return [
        Column(gettext("Reference")),
        Column(gettext("Mentee")),
        Column(gettext("Mentor")),
        Column(gettext("Countries")),
        Column(gettext("State")),
        Column(gettext("Since")),
        Column(gettext("Sessions")),
        Column(gettext("Your next step")),
    ]


def _empty(*, filtered: bool) -> Empty:
    """Return why the list is empty."""
    if filtered:
        return Empty(gettext("No mentorship has this status at the moment."), gettext("View all mentorships"), _HERE)
    return Empty(
        gettext("No mentorships yet. A mentorship opens when mentee and mentor have accepted a match."),
        gettext("View matches"),
        "/applications/matches",
    )


def _row(row: MentorshipRow) -> list[Cell]:
    mentorship, view = row.mentorship, row.of
    return [
        Link(view.case.application.reference or str(mentorship.id), mentorship_path(mentorship.id)),
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
        return gettext("Report the results at home")
    if row.next_on is not None:
        return gettext("You meet on %(day)s (%(when)s)") % {
            "day": dates.day(row.next_on, short=True),
            "when": dates.relative(row.next_on, clock.today()),
        }
    return None


def task_label(label: str, count: int) -> str:
    """Return the label of a task, with its number where it is more than one."""
    return gettext(label) if count == 1 else f"{gettext(label)} ({count})"
