"""The lists beside which a case is opened: the queue, the endorsed applications, and the appeals."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.beside import Beside, Row, keep
from services.applications.overview.model import Place
from services.applications.review.forms.queue import ELIGIBILITY, BesideAppeals, BesideQuery, PlaceQuery
from services.applications.review.views.appeals import appeal_list
from services.applications.review.views.case import case_address
from services.applications.review.views.eligibility import waiting_rows
from services.applications.review.views.queue import NamedLine, lines_beside
from shared.i18n import gettext
from shared.identity import Principal
from shared.web import states

APPEALS = "/applications/appeals"
ELIGIBLE = "/applications/eligibility"


async def _keep_cases(request: Request, query: Annotated[BesideQuery, Query()]) -> None:
    if query.beside_list == ELIGIBILITY:
        keep(request, eligibility_beside(query))
    else:
        keep(request, queue_beside(query) if query.beside_list else None)


async def _keep_appeals(request: Request, query: Annotated[BesideAppeals, Query()]) -> None:
    keep(request, appeals_beside(query.state, query.page) if query.beside_list else None)


KEEPS_LIST = Depends(_keep_cases)
"""The dependency of a page of a case that may be opened beside the queue, or beside the endorsed applications."""
KEEPS_APPEALS = Depends(_keep_appeals)
"""The dependency of the page of an appeal, which may be opened beside the list of appeals."""


def queue_beside(query: BesideQuery) -> Beside:
    """Return a page of the queue."""

    async def rows(session: AsyncSession, principal: Principal, page: int) -> Sequence[Row]:
        place = query.place if page == query.page else Place(page)
        return queue_rows(await lines_beside(session, principal, query.filters, place))

    return _applications(rows, query.address(), query.parameters | {"beside": "1"}, query.page, query.cursor)


def queue_rows(found: Sequence[NamedLine]) -> list[Row]:
    """Return the rows of a page of the queue that was read."""
    return [
        Row(
            each.line.id,
            case_address(each.line.id),
            each.name,
            each.line.reference,
            states.state("application", each.line.state),
            each.line.due,
        )
        for each in found
    ]


def eligibility_beside(query: PlaceQuery) -> Beside:
    """Return a page of the endorsed applications, whose eligibility is to be confirmed."""

    async def rows(session: AsyncSession, principal: Principal, page: int) -> Sequence[Row]:
        place = query.place if page == query.page else Place(page)
        return [
            Row(
                application.id,
                case_address(application.id),
                application.answers.name or "",
                application.reference or "",
                states.state("application", application.own_state.value),
                application.due,
            )
            for application in await waiting_rows(session, principal, place)
        ]

    return _applications(rows, ELIGIBLE, {"beside": ELIGIBILITY}, query.page, query.cursor)


def appeals_beside(state: str, page: int) -> Beside:
    """Return a page of the appeals; after a decision the next one that the reader decides is opened."""

    async def rows(session: AsyncSession, principal: Principal, page: int) -> Sequence[Row]:
        found = await appeal_list(session, principal, state or None, page)
        return [
            Row(
                line.application.id,
                case_address(line.application.id, "appeal"),
                line.name,
                line.application.reference or "",
                states.state("application", line.application.own_state.value),
                None if line.appeal.outcome else line.appeal.due,
                follows=line.mine,
            )
            for line in found.lines
        ]

    filters = {"state": state} if state else {}
    address = APPEALS + (f"?state={state}" if state else "")
    none = gettext("No appeals match this filter.")
    return Beside(rows, address, {**filters, "beside": "1"}, page, gettext("Appeals in the list"), none)


def _applications(
    rows: Callable[[AsyncSession, Principal, int], Awaitable[Sequence[Row]]],
    address: str,
    query: Mapping[str, str],
    page: int,
    cursor: Mapping[str, str] = MappingProxyType({}),
) -> Beside:
    none = gettext("No applications match these filters.")
    return Beside(rows, address, query, page, gettext("Applications in the list"), none, cursor)
