"""Which events a proposed restatement was counted from."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column('restatement', sa.Column('counted', sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column('restatement', 'counted')
