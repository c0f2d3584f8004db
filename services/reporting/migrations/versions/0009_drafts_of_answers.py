"""Forms that are being filled in, kept field by field until they are handed in."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('answer_draft',
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('form', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('respondent', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('writer', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('values', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('case_id', 'form', 'respondent', name=op.f('answer_draft_pkey'))
    )
    op.create_index(op.f('answer_draft_application_id'), 'answer_draft', ['application_id'], unique=False)
    op.create_index(op.f('answer_draft_at'), 'answer_draft', ['at'], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_table('answer_draft')
