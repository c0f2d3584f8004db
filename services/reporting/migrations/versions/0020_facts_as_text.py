"""The values of facts as they were told, read whole and never searched by; no index by subject: nothing asks by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Write the table anew, without the index."""
    op.drop_index("fact_subject", table_name="fact")
    op.alter_column("fact", "values", type_=sa.JSON(), existing_type=JSONB(), postgresql_using='"values"::json')


def downgrade() -> None:
    """Write it as it was."""
    op.alter_column("fact", "values", type_=JSONB(), existing_type=sa.JSON(), postgresql_using='"values"::jsonb')
    op.create_index("fact_subject", "fact", ["subject", "type"], unique=False)
