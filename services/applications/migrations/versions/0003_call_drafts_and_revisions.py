"""Calls are written as drafts, and every revision of a call is kept; those published so far are their own first.

Revision: 0003, after: 0002, written: 2026-11-24 22:46:32.771973
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('call_draft',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('entry', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('touched', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('revises', sa.Uuid(), nullable=True),
    sa.Column('base', sa.Integer(), nullable=True),
    sa.Column('copied', sa.Uuid(), nullable=True),
    sa.Column('left_out', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('saved_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('call_draft_pkey')),
    sa.UniqueConstraint('revises', name=op.f('call_draft_revises_key'))
    )
    op.create_table('call_revision',
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('terms', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('touches', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('call_id', 'revision', name=op.f('call_revision_pkey'))
    )
    op.execute(
        'INSERT INTO call_revision (call_id, revision, terms, at, actor, touches)'
        " SELECT id, (terms->>'revision')::int, terms, published_at, 'system:migration', '[]' FROM call"
    )


def downgrade() -> None:
    op.drop_table('call_revision')
    op.drop_table('call_draft')
