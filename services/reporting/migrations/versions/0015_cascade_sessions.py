"""Cascade sessions as officers report them, with what the line manager said to each."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table('cascade',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('format', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('attendees', sa.Integer(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('confirmed', sa.Integer(), nullable=True),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('cascade_pkey'))
    )
    op.create_index(op.f('cascade_application_id'), 'cascade', ['application_id'], unique=False)
    op.create_index(op.f('cascade_case_id'), 'cascade', ['case_id'], unique=False)
    op.create_index('cascade_waiting', 'cascade', ['told_at'], unique=False, postgresql_where=sa.text("state = 'reported' AND reminded_at IS NULL"))


def downgrade() -> None:
    """Take it away."""
    op.drop_table('cascade')
