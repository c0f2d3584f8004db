"""What people choose to be sent, and on which mornings coordinators were told what waits for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table('choice',
    sa.Column('recipient', sa.Uuid(), nullable=False),
    sa.Column('choice', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('recipient', name=op.f('choice_pkey'))
    )
    op.create_table('digest',
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('place', name=op.f('digest_pkey'))
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table('digest')
    op.drop_table('choice')
