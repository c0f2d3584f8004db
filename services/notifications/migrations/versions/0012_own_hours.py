"""The hours without mail that a person has chosen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column, and the index of who has chosen some."""
    op.add_column('choice', sa.Column('quiet', sa.String(), nullable=True))
    op.create_index('choice_quiet', 'choice', ['recipient'], postgresql_where=sa.text('quiet IS NOT NULL'))


def downgrade() -> None:
    """Take them away."""
    op.drop_index('choice_quiet', table_name='choice')
    op.drop_column('choice', 'quiet')
