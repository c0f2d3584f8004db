"""When a sweep has something to tell of a deadline next, who has it, and what a call is called by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is open is looked at again, what was told of it is not told twice.

    Who has a deadline is worked out by the first sweep.
    """
    op.add_column('call', sa.Column('reference', sa.String(), nullable=False, server_default=''))
    op.alter_column('call', 'reference', server_default=None)
    op.add_column('deadline', sa.Column('look_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('deadline', sa.Column('whom', sa.String(), nullable=True))
    op.add_column('deadline', sa.Column('country', sa.String(), nullable=True))
    op.execute(
        "UPDATE deadline d SET look_at = CASE"
        " WHEN d.remind_at IS NULL OR EXISTS (SELECT 1 FROM told t WHERE t.deadline_id = d.id AND t.due = d.due"
        " AND t.what = 'near') THEN d.due ELSE d.remind_at END"
        " WHERE d.open AND NOT EXISTS (SELECT 1 FROM told t WHERE t.deadline_id = d.id AND t.due = d.due"
        " AND t.what = 'passed')"
    )
    open_ = sa.text('open')
    op.drop_index('deadline_remind_at', table_name='deadline')
    op.create_index('deadline_country', 'deadline', ['country', 'due', 'id'], postgresql_where=open_)
    op.create_index('deadline_whom', 'deadline', ['whom', 'due', 'id'], postgresql_where=open_)
    op.create_index('deadline_look_at', 'deadline', ['look_at', 'id'], postgresql_where=sa.text('look_at IS NOT NULL'))
    op.create_index('deadline_unplaced', 'deadline', ['id'], postgresql_where=sa.text('open AND whom IS NULL'))


def downgrade() -> None:
    """Take them away."""
    for index in ('deadline_unplaced', 'deadline_look_at', 'deadline_whom', 'deadline_country'):
        op.drop_index(index, table_name='deadline')
    op.create_index('deadline_remind_at', 'deadline', ['remind_at', 'id'], postgresql_where=sa.text('open'))
    for column in ('country', 'whom', 'look_at'):
        op.drop_column('deadline', column)
    op.drop_column('call', 'reference')
