"""Plans of the dates of a call's visits, and the visits without dates found at once.

Revision: 0007, after: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WITHOUT = sa.text("state = 'unschedulable'")
_SEARCHING = sa.text("state = 'searching'")


def upgrade() -> None:
    """Make them."""
    document = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    op.create_table(
        "date_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("input_version", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("first_cost", document, nullable=False),
        sa.Column("cost", document, nullable=False),
        sa.Column("bound", document, nullable=False),
        sa.Column("changes", document, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("date_plan_pkey")),
    )
    op.create_index("date_plan_call", "date_plan", ["call_id", "asked_at"])
    op.create_index("date_plan_searching", "date_plan", ["asked_at"], postgresql_where=_SEARCHING)
    op.create_index("visit_without_dates", "visit", ["call_id"], postgresql_where=_WITHOUT)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("visit_without_dates", table_name="visit", postgresql_where=_WITHOUT)
    op.drop_table("date_plan")
