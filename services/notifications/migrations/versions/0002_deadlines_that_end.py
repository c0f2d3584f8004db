"""Say of a deadline until when it counts.

Revision: 0002, after: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a deadline from before counts without an end."""
    op.add_column("deadline", sa.Column("until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("deadline", "until")
