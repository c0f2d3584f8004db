"""The messages about an event are found by it: a coordinator looks at what it told to whom, and in which words."""

from __future__ import annotations

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index('message_about', 'message', ['about', 'id'], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_index('message_about', table_name='message')
