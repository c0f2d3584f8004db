"""Calls matched again under other terms, and what each event of the board brought about

Revision: 0009, after: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('what_if',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('basis', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('own', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('other', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('steps', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('problem', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('what_if_pkey'))
    )
    op.create_index('what_if_call', 'what_if', ['call_id', 'id'], unique=False)
    op.create_index('what_if_open', 'what_if', ['id'], unique=False, postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.create_index('activity_cause', 'activity', ['cause_id'], unique=False)


def downgrade() -> None:
    op.drop_index('activity_cause', table_name='activity')
    op.drop_index('what_if_open', table_name='what_if', postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.drop_index('what_if_call', table_name='what_if')
    op.drop_table('what_if')
