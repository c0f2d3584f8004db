"""List the records that people change in reporting, by the parameters of the addresses that name them."""

from __future__ import annotations

from services.reporting.answers.store.waves import Closing
from services.reporting.approval.store import RestatementRow
from services.reporting.assessments.store.bank import ItemRow, QuestionRow, TestRow
from services.reporting.cascades.store import Cascade
from services.reporting.feeds.store.tokens import TokenRow
from services.reporting.periods.store import PeriodRow
from services.reporting.targets.store import TargetRow
from shared.bus.db.records import Part, Record
from shared.identity.versions import Records

RECORDS = Records(
    {
        "label": Record(PeriodRow, key="label", parts=(Part(RestatementRow, "period", of="label"),)),
        "target": Record(TargetRow),
        "closing_id": Record(Closing),
        "question": Record(QuestionRow),
        "test": Record(TestRow, parts=(Part(ItemRow, "test_id"),)),
        "cascade_id": Record(Cascade, leaving_out={"reported_at", "reminded_at"}),
        "token": Record(TokenRow, leaving_out={"last_used_at", "minute", "in_minute"}),
    },
)
