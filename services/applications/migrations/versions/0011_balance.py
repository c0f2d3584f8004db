"""The indexes that the page of what a country has sent and hosted asks."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_index("visit_country_start", "visit", ["country", "start"])
    op.create_index("mentorship_country", "mentorship", ["country", "started_on"])
    op.create_index("mentorship_mentor_country", "mentorship", ["mentor_country", "started_on"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("mentorship_mentor_country", table_name="mentorship")
    op.drop_index("mentorship_country", table_name="mentorship")
    op.drop_index("visit_country_start", table_name="visit")
