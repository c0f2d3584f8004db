"""Keep which matches were proposed together as an exchange ring, and which pairs of a run were made by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table('ring_leg',
    sa.Column('match_id', sa.Uuid(), nullable=False),
    sa.Column('ring_id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('match_id', name=op.f('ring_leg_pkey'))
    )
    op.create_index('ring_leg_ring', 'ring_leg', ['ring_id', 'place'])
    op.create_index('ring_leg_call', 'ring_leg', ['call_id', 'ring_id'])
    op.add_column('run_inputs', sa.Column('by_hand', postgresql.JSONB(), nullable=False, server_default='{}'))
    op.alter_column('run_inputs', 'by_hand', server_default=None)


def downgrade() -> None:
    """Take them away."""
    op.drop_column('run_inputs', 'by_hand')
    op.drop_table('ring_leg')
