"""Days that people have in their calendars, private calendar addresses, and what of an inbox is unread."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the index; visits from before stand in calendars after a rebuild."""
    op.create_table('dated',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=True),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('days', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('seen_by', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('dated_pkey'))
    )
    op.create_index('dated_case_id', 'dated', ['case_id', 'kind'])
    op.create_index('dated_seen_by', 'dated', ['seen_by'], postgresql_using='gin', postgresql_where=sa.text('NOT over'))
    op.create_index('dated_unplaced', 'dated', ['id'], postgresql_where=sa.text('seen_by IS NULL'))
    op.create_table('feed',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person', sa.Uuid(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('key_hash', sa.LargeBinary(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counted_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reads', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('feed_pkey')),
    sa.UniqueConstraint('key_hash', name=op.f('feed_key_hash_key')),
    sa.UniqueConstraint('person', name=op.f('feed_person_key'))
    )
    op.create_index('feed_subject', 'feed', ['subject'])
    op.create_index('notification_unread', 'notification', ['recipient', 'at', 'id'],
                    postgresql_where=sa.text('read_at IS NULL'))


def downgrade() -> None:
    """Take them away."""
    op.drop_index('notification_unread', table_name='notification')
    op.drop_table('feed')
    op.drop_table('dated')
