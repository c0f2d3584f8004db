"""Proposed restatements of figures, and what became of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('restatement',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('period', sa.String(), nullable=False),
    sa.Column('statement', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cut_off', sa.DateTime(timezone=True), nullable=False),
    sa.Column('figures', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('restatement_pkey'))
    )
    op.create_index('restatement_period', 'restatement', ['period', 'proposed_at'], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_index('restatement_period', table_name='restatement')
    op.drop_table('restatement')
