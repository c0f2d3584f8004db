"""Answers of which the log says that they are no longer taken."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('answer_closed',
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('form', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('respondent', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('due', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('case_id', 'form', 'respondent', name=op.f('answer_closed_pkey'))
    )
    op.create_index(op.f('answer_closed_call_id'), 'answer_closed', ['call_id'], unique=False)


def downgrade() -> None:
    """Take it away."""
    op.drop_table('answer_closed')
