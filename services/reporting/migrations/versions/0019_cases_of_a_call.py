"""Cases are looked up by call and day: a wave is of one call."""

from __future__ import annotations

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index('case_call_ended', 'case', ['call_id', 'ended_on'], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_index('case_call_ended', table_name='case')
