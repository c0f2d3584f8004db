"""Say in words what the pages of matching show of a record, for a form that rests on an older version of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col

from services.matching.board.views.applicants import applicants_facts
from services.matching.cohorts.store.jobs import CohortJob
from services.matching.cohorts.store.runs import Run
from services.matching.facts.store.facts import Candidate
from services.matching.interventions.store import WhatIf
from services.matching.lifecycle.store.matches import MatchRow
from services.matching.lifecycle.store.visits import VisitRow
from services.matching.options.store import OptionSet
from services.matching.words import stage
from shared.contracts.labels import label
from shared.i18n import N_
from shared.identity.record_facts import Column, RecordFacts, actors, columns, newest

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.principal import Principal
    from shared.identity.record_facts import Facts


def _of_match(value: Any) -> Any:
    """Return a column of the newest match of an application."""
    order = col(MatchRow.proposed_at), col(MatchRow.id)
    return newest(value, col(MatchRow.application_id), col(Candidate.id), *order)


def _job(name: str, table: Any, *more: Column) -> RecordFacts:
    """Return the facts of a computation in the background."""
    return RecordFacts(
        name,
        columns(
            col(table.id),
            Column(N_("State"), col(table.state), label),
            Column(N_("Requested"), col(table.asked_at)),
            *more,
        ),
        actors(col(table.id), (col(table.cancelled_by), col(table.since)), (col(table.asked_by), col(table.asked_at))),
    )


_STAGE = columns(
    col(Candidate.id),
    Column(N_("State"), col(Candidate.state), label),
    Column(N_("Due"), col(Candidate.due)),
    Column(N_("Match"), _of_match(col(MatchRow.state)), lambda code: stage("match", code).word),
    Column(N_("Match since"), _of_match(col(MatchRow.since))),
    Column(N_("Match due"), _of_match(col(MatchRow.due))),
    Column(N_("Cleared by the home country"), _of_match(col(MatchRow.home_cleared))),
    Column(N_("Cleared by the host country"), _of_match(col(MatchRow.host_cleared))),
    Column(N_("Accepted by the officer"), _of_match(col(MatchRow.applicant_accepted))),
    Column(N_("Accepted by the host"), _of_match(col(MatchRow.host_accepted))),
)


async def _of_applications(session: AsyncSession, reader: Principal | None, names: Collection[Any]) -> dict[Any, Facts]:
    """Return the stage of applications and what the matching knows of the applicants."""
    stages, applicants = await _STAGE(session, reader, names), await applicants_facts(session, names)
    return {
        id_: [*facts, *((each["key"], each["value"] or "") for each in applicants.get(id_, ()))]
        for id_, facts in stages.items()
    }


FACTS = {
    "application": RecordFacts(N_("Application"), _of_applications),
    "match": RecordFacts(
        N_("Visit"),
        columns(
            col(VisitRow.match_id),
            Column(N_("Since"), col(VisitRow.since)),
            Column(N_("First day"), col(VisitRow.start)),
            Column(N_("Last day"), col(VisitRow.end_day)),
            Column(N_("Answer due"), col(VisitRow.move_due)),
            Column(N_("Proposals of other dates"), col(VisitRow.moves)),
            Column(N_("Working days"), col(VisitRow.required_days)),
            Column(N_("Ended on"), col(VisitRow.ended_on)),
        ),
    ),
    "job": _job(
        N_("Cohort"),
        CohortJob,
        Column(N_("Number"), col(CohortJob.cohort)),
        Column(N_("Proposed"), col(CohortJob.proposed)),
        Column(N_("Not matched"), col(CohortJob.unmatched)),
    ),
    "what_if": _job(N_("What-if"), WhatIf),
    "options": _job(N_("Options"), OptionSet),
    "run": RecordFacts(N_("Run"), columns(col(Run.id), Column(N_("Finished"), col(Run.finished_at)))),
}
