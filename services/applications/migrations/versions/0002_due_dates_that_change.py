"""Say of a case on which day its due date changes, and to which moment.

Revision: 0002, after: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns; a case from before has neither until its state changes."""
    op.add_column("standing", sa.Column("changes_on", sa.Date(), nullable=True))
    op.add_column("standing", sa.Column("due_then", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Remove both columns."""
    op.drop_column("standing", "due_then")
    op.drop_column("standing", "changes_on")
