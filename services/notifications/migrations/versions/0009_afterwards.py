"""What happens to a mail after it was sent: quiet hours, sent anew, reports that came back, unreachable people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the columns of messages and notifications."""
    time = sa.DateTime(timezone=True)
    op.create_table('bounce',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('at', time, nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=True),
    sa.Column('notification_id', sa.Uuid(), nullable=True),
    sa.Column('source', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('bounce_pkey'))
    )
    op.create_index('bounce_at', 'bounce', ['at', 'id'], unique=False)
    op.create_table('resent',
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('at', time, nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('message_id', 'generation', name=op.f('resent_pkey'))
    )
    op.create_table('unreachable',
    sa.Column('recipient', sa.Uuid(), nullable=False),
    sa.Column('country', sa.String(), nullable=True),
    sa.Column('since', time, nullable=False),
    sa.Column('cause', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('last_at', time, nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('tried_at', time, nullable=True),
    sa.Column('asked_at', time, nullable=True),
    sa.Column('settled_at', time, nullable=True),
    sa.Column('settled_by', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('recipient', name=op.f('unreachable_pkey'))
    )
    op.create_index('unreachable_country', 'unreachable', ['country', 'since', 'recipient'], unique=False)
    op.create_index('unreachable_open', 'unreachable', ['since', 'recipient'], unique=False, postgresql_where=sa.text('settled_at IS NULL'))
    op.add_column('message', sa.Column('held_until', time, nullable=True))
    op.create_index('message_rule', 'message', ['rule', 'at', 'id'], unique=False)
    for table in ('message', 'notification'):
        op.add_column(table, sa.Column('generation', sa.Integer(), nullable=False, server_default='1'))
        op.alter_column(table, 'generation', server_default=None)
    op.add_column('notification', sa.Column('status', sa.String(), nullable=True))
    op.add_column('notification', sa.Column('status_at', time, nullable=True))


def downgrade() -> None:
    """Take them away."""
    for column in ('status_at', 'status', 'generation'):
        op.drop_column('notification', column)
    op.drop_index('message_rule', table_name='message')
    for column in ('generation', 'held_until'):
        op.drop_column('message', column)
    for table in ('unreachable', 'resent', 'bounce'):
        op.drop_table(table)
