"""Keep what each run was made of, so that it can be repeated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Runs from before have no row: they cannot be repeated from the store."""
    op.create_table('run_inputs',
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('engine', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('problem', sa.LargeBinary(), nullable=False),
    sa.Column('pairs', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('run_id', name=op.f('run_inputs_pkey'))
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table('run_inputs')
