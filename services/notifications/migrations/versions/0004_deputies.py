"""Who stands in for a coordinator, and the term that a deputy has after the coordinator's silence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the column of the deputies' deadlines."""
    op.create_table('deputyship',
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('subject', 'place', 'since', name=op.f('deputyship_pkey'))
    )
    op.create_index('deputyship_place', 'deputyship', ['place', 'since'], unique=False)
    op.add_column('deadline', sa.Column('after', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column('deadline', 'after')
    op.drop_index('deputyship_place', table_name='deputyship')
    op.drop_table('deputyship')
