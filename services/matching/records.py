"""List the records that people change in matching, by the parameters of the addresses that name them.

Every service lists its own here.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from services.matching.cohorts.store.drafts import DRAFT
from services.matching.cohorts.store.jobs import CohortJob
from services.matching.cohorts.store.runs import Run
from services.matching.facts.store.facts import Candidate
from services.matching.interventions.store import WhatIf
from services.matching.lifecycle.store.matches import MatchRow
from services.matching.lifecycle.store.visits import VisitRow
from services.matching.options.store import OptionSet
from services.matching.record_facts import FACTS
from services.matching.words import stage
from shared.bus.db.records import Part, Record
from shared.identity.versions import Records

_WORK = {"step", "steps", "since"}
_MATCH_CHANGED = (
    sa.select(sa.func.max(MatchRow.since))
    .where(col(MatchRow.application_id) == col(Candidate.id))
    .correlate(Candidate)
    .scalar_subquery()
)

RECORDS = Records(
    {
        "application_id": Record(
            Candidate,
            parts=(Part(MatchRow, "application_id"),),
            changed=sa.func.greatest(Candidate.changed_at, _MATCH_CHANGED),
        ),
        "match_id": Record(
            VisitRow, key="match_id", state=col(VisitRow.state), state_word=lambda state: stage("visit", state).word
        ),
        "draft_id": DRAFT,
        "job_id": Record(CohortJob, leaving_out=_WORK, changed=col(CohortJob.since)),
        "what_if_id": Record(WhatIf, leaving_out=_WORK, changed=col(WhatIf.since)),
        "options_id": Record(OptionSet, leaving_out=_WORK, changed=col(OptionSet.since)),
        "run_id": Record(Run, changed=col(Run.finished_at)),
    },
    facts=FACTS,
)
