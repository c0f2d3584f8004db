"""Where events are sent outside of the log, with which secrets, and what came of each delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table('webhook_content',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('webhook_content_pkey'))
    )
    op.create_index('webhook_content_kept_at', 'webhook_content', ['kept_at', 'id'], unique=False)
    op.create_table('webhook_endpoint',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('reach', sa.String(), nullable=False),
    sa.Column('events', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('cause', sa.String(), nullable=True),
    sa.Column('made_by', sa.String(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expired', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('webhook_endpoint_pkey'))
    )
    op.create_index('webhook_endpoint_made_at', 'webhook_endpoint', ['made_at', 'id'], unique=False)
    op.create_table('webhook_delivery',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('endpoint_id', sa.Uuid(), nullable=False),
    sa.Column('about', sa.Uuid(), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('position', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('test', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('tried', sa.Integer(), nullable=False),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('result', sa.String(), nullable=True),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('milliseconds', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('webhook_delivery_endpoint_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('webhook_delivery_pkey'))
    )
    op.create_index('webhook_delivery_about', 'webhook_delivery', ['about'], unique=False)
    op.create_index('webhook_delivery_endpoint', 'webhook_delivery', ['endpoint_id', 'position'], unique=False)
    op.create_index('webhook_delivery_next_at', 'webhook_delivery', ['endpoint_id', 'next_at', 'position'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('webhook_delivery_queued_at', 'webhook_delivery', ['queued_at', 'position'], unique=False)
    op.create_index('webhook_delivery_state', 'webhook_delivery', ['endpoint_id', 'state', 'position'], unique=False)
    op.create_index('webhook_delivery_test', 'webhook_delivery', ['endpoint_id'], unique=False, postgresql_where=sa.text("state = 'waiting' AND test"))
    op.create_table('webhook_secret',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('endpoint_id', sa.Uuid(), nullable=False),
    sa.Column('sealed', sa.String(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('webhook_secret_endpoint_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('webhook_secret_pkey'))
    )
    op.create_index('webhook_secret_endpoint_id', 'webhook_secret', ['endpoint_id', 'made_at', 'id'], unique=False)
    op.create_table('webhook_attempt',
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('result', sa.String(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('milliseconds', sa.Integer(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['webhook_delivery.id'], name=op.f('webhook_attempt_delivery_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('delivery_id', 'number', name=op.f('webhook_attempt_pkey'))
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table('webhook_attempt')
    op.drop_index('webhook_secret_endpoint_id', table_name='webhook_secret')
    op.drop_table('webhook_secret')
    op.drop_index('webhook_delivery_test', table_name='webhook_delivery', postgresql_where=sa.text("state = 'waiting' AND test"))
    op.drop_index('webhook_delivery_state', table_name='webhook_delivery')
    op.drop_index('webhook_delivery_queued_at', table_name='webhook_delivery')
    op.drop_index('webhook_delivery_next_at', table_name='webhook_delivery', postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index('webhook_delivery_endpoint', table_name='webhook_delivery')
    op.drop_index('webhook_delivery_about', table_name='webhook_delivery')
    op.drop_table('webhook_delivery')
    op.drop_index('webhook_endpoint_made_at', table_name='webhook_endpoint')
    op.drop_table('webhook_endpoint')
    op.drop_index('webhook_content_kept_at', table_name='webhook_content')
    op.drop_table('webhook_content')
