"""Which partner countries are suspended, so that what their people may does not count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('suspension',
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('since', sa.Date(), nullable=True, comment='From this day on no grant for the country counts; none: it is reinstated'),
    sa.Column('cut_at', sa.DateTime(timezone=True), nullable=False, comment='Real time: sign-ins and tokens from before it count no more, after a reinstatement neither'),
    sa.PrimaryKeyConstraint('country', name=op.f('suspension_pkey'))
    )
    # Who is suspended already is so for the guards too.
    op.execute("INSERT INTO suspension SELECT country, since, now() FROM partner WHERE status = 'suspended'")


def downgrade() -> None:
    """Take it away."""
    op.drop_table('suspension')
