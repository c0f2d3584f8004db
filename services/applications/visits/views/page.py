"""Show the visits of one person in a list, and one visit with all that its page needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.applications.certificates import store as certificates_store
from services.applications.display import page_rows
from services.applications.next_steps.views import readers, visit_facts
from services.applications.outcomes.views import results_asked
from services.applications.overview.views.participation import FIRST_AGENDA, VisitView, match_views, visit_view
from services.applications.preparation.views import readiness
from services.applications.text_difference import Row, difference
from services.applications.visits import store
from services.applications.visits.model import BOTH
from shared.contracts.lifecycle.state_sets import MATCH_SETTLED
from shared.next_steps import visit_step
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.participation import MatchView
    from services.applications.visits.store import Agenda, Visit
    from shared.identity import Principal
    from shared.next_steps import NextStep

UNREADY, RESULTS = "unready", "results"
"""The filter by state: visits that need something before travel, and visits whose results are due."""
_COMES = MATCH_SETTLED


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """A visit in the list, with its match."""

    visit: Visit
    view: MatchView


@dataclass(frozen=True, slots=True)
class VisitList:
    """One page of visits, how many there are on all pages, and how many in each state, `unready` and with `results`."""

    visits: Sequence[ListedVisit]
    total: int
    states: Counter[str]
    unready: int
    results: int


async def visit_list(session: AsyncSession, principal: Principal, state: str, page: int) -> VisitList:
    """Return the visits that concern the reader, those of today and later first.

    `state` is one of a visit, `UNREADY`, `RESULTS`, or empty for all.
    """
    views = await match_views(session, principal, _COMES)
    found = [ListedVisit(view.visit, view) for view in views if view.visit is not None]
    unready = await readiness.visits_to_prepare(session, [(each.view.case, each.visit) for each in found])
    results = await results_asked(session, [each.view for each in found])
    among = {UNREADY: unready, RESULTS: results}.get(state)
    listed = [
        each for each in found if not state or (each.visit.state == state if among is None else each.visit.id in among)
    ]
    listed.sort(key=lambda each: _sort_key(each.visit, clock.today()))
    states = Counter(each.visit.state for each in found)
    ids = {each.visit.id for each in found}
    return VisitList(page_rows(listed, page), len(listed), states, len(unready & ids), len(results))


def _sort_key(visit: Visit, today: date) -> tuple[bool, int]:
    """Return the sort key: visits to come by start, then those without dates, then past ones, the newest first."""
    if visit.start is None or visit.end is None:
        return False, date.max.toordinal()
    over = visit.end < today
    return over, -visit.start.toordinal() if over else visit.start.toordinal()


@dataclass(frozen=True, slots=True)
class AgendaChange:
    """The changes of the agenda since the version `old`; `agreed`: the reader agreed to that version."""

    rows: Sequence[Row]
    old: int
    agreed: bool


@dataclass(frozen=True, slots=True)
class VisitPage:
    """A visit with its next step, the earlier versions of its agenda, its certificates, and the visit after it."""

    view: VisitView
    earlier: Sequence[Agenda]
    change: AgendaChange | None
    certificates: Sequence[str]
    replaced_by: UUID | None
    step: NextStep


async def visit_page(session: AsyncSession, principal: Principal, visit_id: UUID) -> VisitPage:
    """Return what the page of a visit shows. Raises `Refused` (404)."""
    view = await visit_view(session, principal, visit_id)
    versions = await store.agendas(session, visit_id)
    papers = await certificates_store.of_visit(session, visit_id)
    facts = await visit_facts(session, view.visit)
    return VisitPage(
        view,
        versions[1:],
        _agenda_change(view, versions),
        [paper.number for paper in papers],
        await store.replaced_by(session, visit_id),
        visit_step(facts, readers(view.of.case.parties)),
    )


def _agenda_change(view: VisitView, versions: Sequence[Agenda]) -> AgendaChange | None:
    """Return how the agenda differs from what the reader agreed to, else from the version before; None if nothing."""
    own = [view.agreed[party] for party in BOTH if party in view.of.case.parties and party in view.agreed]
    texts = {agenda.version: agenda.text for agenda in versions}
    outline = view.of.offer.entry.outline if view.of.offer else ""
    texts_by_version = texts | ({FIRST_AGENDA: outline} if outline else {})
    before = own[0] if own and own[0] in texts_by_version else view.version - 1
    if before not in texts_by_version or before >= view.version:
        return None
    rows = difference(texts_by_version[before].splitlines(), view.agenda.splitlines())
    return AgendaChange(rows, before, agreed=bool(own) and before == own[0])
