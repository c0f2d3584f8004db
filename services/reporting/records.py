"""List the records that people change in reporting, by the parameters of the addresses that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.reporting.answers.store.waves import Closing
from services.reporting.approval.store import RestatementRow
from services.reporting.assessments.store.bank import ItemRow, QuestionRow, TestRow
from services.reporting.cascades.store import Cascade
from services.reporting.feeds.store.tokens import TokenRow
from services.reporting.groupings.store import GroupingRow
from services.reporting.periods.store import PeriodRow
from services.reporting.record_facts import FACTS
from services.reporting.targets.store import TargetRow
from shared.bus.db.records import Part, Record
from shared.identity.versions import Records
from shared.time import clock
from shared.web.states import state

if TYPE_CHECKING:
    from collections.abc import Callable

_TODAY = sa.bindparam(None, callable_=clock.today, type_=sa.Date)
_OF_TOKENS = sa.case(
    (col(TokenRow.revoked_at).is_not(None), "revoked"), (col(TokenRow.expires) < _TODAY, "expired"), else_="active"
)
# A question has a row for each of its versions.
_VERSION = aliased(QuestionRow)
_QUESTION_CHANGED = (
    sa.select(sa.func.max(sa.func.greatest(_VERSION.at, _VERSION.retired_at)))
    .where(col(_VERSION.id) == col(QuestionRow.id))
    .correlate(QuestionRow)
    .scalar_subquery()
)


def _word(kind: str) -> Callable[[str], str]:
    """Return the function that gives the word for a state of that kind."""
    return lambda code: state(kind, code).word


RECORDS = Records(
    {
        "label": Record(
            PeriodRow,
            key="label",
            parts=(Part(RestatementRow, "period", of="label"),),
            state=col(PeriodRow.state),
            state_word=_word("period"),
        ),
        "grouping": Record(GroupingRow, key="dimension", changed=col(GroupingRow.chosen_at)),
        "target": Record(TargetRow, changed=sa.func.greatest(TargetRow.written_at, TargetRow.approved_at)),
        "closing_id": Record(Closing, changed=sa.func.greatest(Closing.closed_at, Closing.reopened_at)),
        "question": Record(QuestionRow, changed=_QUESTION_CHANGED),
        "test": Record(TestRow, parts=(Part(ItemRow, "test_id"),), state=col(TestRow.state), state_word=_word("test")),
        "cascade_id": Record(
            Cascade,
            leaving_out={"reported_at", "reminded_at"},
            state=col(Cascade.state),
            state_word=_word("cascade"),
        ),
        "token": Record(
            TokenRow,
            leaving_out={"last_used_at", "minute", "in_minute"},
            state=_OF_TOKENS,
            state_word=_word("pull_token"),
        ),
    },
    facts=FACTS,
)
