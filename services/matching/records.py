"""List the records that people change in matching, by the parameters of the addresses that name them.

Every service lists its own here.
"""

from __future__ import annotations

from services.matching.cohorts.store.jobs import CohortJob
from services.matching.cohorts.store.runs import Run
from services.matching.facts.store.facts import Candidate
from services.matching.interventions.store import WhatIf
from services.matching.lifecycle.store.matches import MatchRow
from services.matching.lifecycle.store.visits import VisitRow
from shared.bus.db.records import Part, Record
from shared.identity.versions import Records

_WORK = {"step", "steps", "since"}

RECORDS = Records(
    {
        "application_id": Record(Candidate, parts=(Part(MatchRow, "application_id"),)),
        "match_id": Record(VisitRow, key="match_id"),
        "job_id": Record(CohortJob, leaving_out=_WORK),
        "what_if_id": Record(WhatIf, leaving_out=_WORK),
        "run_id": Record(Run),
    }
)
