"""Know what was found for the place of a visit that did not take place

Revision: 0012, after: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('replacement',
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('match_id', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('visit_id', name=op.f('replacement_pkey'))
    )
    op.create_index('replacement_match', 'replacement', ['match_id'])


def downgrade() -> None:
    """Take it away."""
    op.drop_table('replacement')
