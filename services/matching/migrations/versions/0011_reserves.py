"""Reserves: matches that are cleared beforehand and hold no place; an application stands in reserve once at the most

Revision: 0011, after: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_STANDS = "state IN ('proposed', 'cleared', 'offered', 'confirmed')"


def upgrade() -> None:
    """Make the columns; a reserve does not count as the one match that an application holds."""
    op.add_column('cohort_job', sa.Column('reserves', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('match', sa.Column('reserve', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.drop_index('match_held_once', table_name='match')
    op.create_index('match_held_once', 'match', ['application_id'], unique=True, postgresql_where=sa.text(_STANDS + ' AND NOT reserve'))
    op.create_index('match_reserve_once', 'match', ['application_id'], unique=True, postgresql_where=sa.text("state IN ('proposed', 'cleared') AND reserve"))


def downgrade() -> None:
    """Take them away. Reserves that stand end, since a match counts as held without the column."""
    op.drop_index('match_reserve_once', table_name='match')
    op.drop_index('match_held_once', table_name='match')
    op.execute("UPDATE match SET state = 'cancelled', by = 'clock', reason = 'other' WHERE reserve AND state IN ('proposed', 'cleared')")
    op.create_index('match_held_once', 'match', ['application_id'], unique=True, postgresql_where=sa.text(_STANDS))
    op.drop_column('match', 'reserve')
    op.drop_column('cohort_job', 'reserves')
