"""Say at which moment the due date of a case changes, instead of on which day.

Revision: 0003, after: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A day becomes its beginning, by the clock's days (UTC)."""
    op.alter_column(
        "standing",
        "changes_on",
        new_column_name="changes_at",
        type_=sa.DateTime(timezone=True),
        postgresql_using="changes_on::timestamp AT TIME ZONE 'UTC'",
    )


def downgrade() -> None:
    """Keep the day only."""
    op.alter_column(
        "standing",
        "changes_at",
        new_column_name="changes_on",
        type_=sa.Date(),
        postgresql_using="(changes_at AT TIME ZONE 'UTC')::date",
    )
