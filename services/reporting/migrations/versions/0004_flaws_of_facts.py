"""Which events cannot be as they say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('flaw',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('flaw', sa.String(), nullable=False),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('id', 'flaw', name=op.f('flaw_pkey'))
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table('flaw')
