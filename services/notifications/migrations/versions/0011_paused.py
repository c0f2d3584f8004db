"""Know what pauses with its country, to tell of it when the country takes part again

Whoever was reinstated before this is told nothing: what pauses since then is not known.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('paused',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('paused_pkey'))
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table('paused')
