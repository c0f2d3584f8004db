"""Say in words what the pages of reporting show of a record, for a form that rests on an older version of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col

from services.reporting.answers.store.waves import Closing
from services.reporting.approval.store import RestatementRow
from services.reporting.assessments.store.bank import ItemRow, QuestionRow, TestRow
from services.reporting.cascades.store import Cascade
from services.reporting.feeds.store.tokens import TokenRow
from services.reporting.groupings.store import GroupingRow
from services.reporting.periods.store import PeriodRow
from services.reporting.targets.store import TargetRow
from shared.contracts.labels import label
from shared.i18n import N_
from shared.identity.record_facts import Column, RecordFacts, actors, columns, in_words, journal, newest


def _restated(value: Any) -> Any:
    """Return a column of the newest restatement of a period."""
    return newest(value, col(RestatementRow.period), col(PeriodRow.label), col(RestatementRow.proposed_at))


_ITEMS = (
    sa.select(
        sa.func.jsonb_agg(aggregate_order_by(col(QuestionRow.text), col(ItemRow.phase).desc(), col(ItemRow.place)))
    )
    .where(
        col(ItemRow.test_id) == col(TestRow.id),
        col(QuestionRow.id) == col(ItemRow.question_id),
        sa.func.coalesce(col(ItemRow.version) == col(QuestionRow.version), col(QuestionRow.newest)),
    )
    .scalar_subquery()
)

FACTS = {
    "label": RecordFacts(
        N_("Period"),
        columns(
            col(PeriodRow.label),
            Column(N_("Cut-off"), col(PeriodRow.cut_off)),
            Column(N_("Figures"), col(PeriodRow.figures)),
            Column(N_("Frozen"), col(PeriodRow.frozen_at)),
            Column(N_("Statement"), col(PeriodRow.statement)),
            Column(N_("Restatement"), _restated(col(RestatementRow.state)), label),
            Column(N_("Reason for it"), _restated(col(RestatementRow.reason)), label),
            Column(N_("Restatement proposed"), _restated(col(RestatementRow.proposed_at))),
            Column(N_("Restatement decided"), _restated(col(RestatementRow.decided_at))),
        ),
        journal("exchange.periods"),
    ),
    "grouping": RecordFacts(
        N_("Grouping"),
        columns(col(GroupingRow.dimension), Column(N_("Level"), col(GroupingRow.level), label)),
        actors(col(GroupingRow.dimension), (col(GroupingRow.chosen_by), col(GroupingRow.chosen_at))),
    ),
    "target": RecordFacts(
        N_("Target value"),
        columns(
            col(TargetRow.id),
            Column(N_("Indicator"), col(TargetRow.indicator)),
            Column(N_("Type"), col(TargetRow.kind), label),
            Column(N_("Day"), col(TargetRow.day)),
            Column(N_("Value"), col(TargetRow.value)),
            Column(N_("Source"), col(TargetRow.source)),
            Column(N_("Comment"), col(TargetRow.comment)),
            Column(N_("Entered"), col(TargetRow.written_at)),
            Column(N_("Approved"), col(TargetRow.approved_at)),
        ),
        actors(
            col(TargetRow.id),
            (col(TargetRow.author), col(TargetRow.written_at)),
            (col(TargetRow.approved_by), col(TargetRow.approved_at)),
        ),
    ),
    "closing": RecordFacts(
        N_("Closed forms"),
        columns(
            col(Closing.id),
            Column(N_("Form"), col(Closing.form), label),
            Column(N_("Respondent"), col(Closing.respondent), label),
            Column(N_("Due until"), col(Closing.due_until)),
            Column(N_("Reason"), col(Closing.reason)),
            Column(N_("Closed"), col(Closing.closed_at)),
            Column(N_("Reopened"), col(Closing.reopened_at)),
        ),
        actors(
            col(Closing.id),
            (col(Closing.closed_by), col(Closing.closed_at)),
            (col(Closing.reopened_by), col(Closing.reopened_at)),
        ),
    ),
    "question": RecordFacts(
        N_("Question"),
        columns(
            col(QuestionRow.id),
            Column(N_("Version"), col(QuestionRow.version)),
            Column(N_("Question"), col(QuestionRow.text)),
            Column(N_("Topic"), col(QuestionRow.topic), label),
            Column(N_("Area"), col(QuestionRow.area), label),
            Column(N_("Answers"), col(QuestionRow.answers)),
            Column(
                N_("Correct answers"), col(QuestionRow.right), lambda places: in_words([place + 1 for place in places])
            ),
            Column(N_("Points"), col(QuestionRow.points)),
            Column(N_("Retired"), col(QuestionRow.retired_at)),
            newest=col(QuestionRow.version),
        ),
        actors(
            col(QuestionRow.id),
            (col(QuestionRow.author), col(QuestionRow.at)),
            (col(QuestionRow.retired_by), col(QuestionRow.retired_at)),
        ),
    ),
    "test": RecordFacts(
        N_("Test"),
        columns(
            col(TestRow.id),
            Column(N_("Title"), col(TestRow.title)),
            Column(N_("Questions"), _ITEMS),
            Column(N_("Published"), col(TestRow.published_at)),
            Column(N_("Closed"), col(TestRow.closed_at)),
        ),
        actors(
            col(TestRow.id),
            (col(TestRow.author), col(TestRow.at)),
            (col(TestRow.published_by), col(TestRow.published_at)),
            (col(TestRow.closed_by), col(TestRow.closed_at)),
        ),
    ),
    "cascade": RecordFacts(
        N_("Knowledge shared"),
        columns(
            col(Cascade.id),
            Column(N_("Held on"), col(Cascade.held_on)),
            Column(N_("Format"), col(Cascade.format), label),
            Column(N_("Attendees"), col(Cascade.attendees)),
            Column(N_("Content"), col(Cascade.about)),
            Column(N_("Confirmed attendees"), col(Cascade.confirmed)),
            Column(N_("Reason"), col(Cascade.reason), label),
            Column(N_("Explanation"), col(Cascade.explanation)),
            Column(N_("Settled"), col(Cascade.settled_at)),
        ),
    ),
    "token": RecordFacts(
        N_("Token"),
        columns(
            col(TokenRow.id),
            Column(N_("Consumer"), col(TokenRow.consumer)),
            Column(N_("Expires"), col(TokenRow.expires)),
            Column(N_("Revoked"), col(TokenRow.revoked_at)),
        ),
        actors(
            col(TokenRow.id),
            (col(TokenRow.issued_by), col(TokenRow.issued_at)),
            (col(TokenRow.revoked_by), col(TokenRow.revoked_at)),
        ),
    ),
}
