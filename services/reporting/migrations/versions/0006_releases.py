"""What of each published statement was shown."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('release',
    sa.Column('period', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('statement', sa.Integer(), nullable=False),
    sa.Column('pattern', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('period', 'statement', name=op.f('release_pkey'))
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table('release')
