"""The indexes that a coordinator's queue asks: what is overdue, and the cases of an EU agency."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_index(
        "application_submitted_due", "application", ["due"], postgresql_where=sa.text("state = 'submitted'")
    )
    op.create_index("application_organisation_id", "application", ["organisation_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("application_organisation_id", table_name="application")
    op.drop_index("application_submitted_due", table_name="application")
