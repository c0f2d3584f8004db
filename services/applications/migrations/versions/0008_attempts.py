"""Refused attempts, for the audit

Revision: 0008, after: 0007, written: 2026-11-24 23:13:05.104305
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('attempt',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('who', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('method', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('route', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('more', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('attempt_pkey'))
    )
    op.create_index('attempt_at', 'attempt', ['at', 'id'], unique=False)
    op.create_index('attempt_who', 'attempt', ['who', 'at'], unique=False)
    op.create_index('attempt_why', 'attempt', ['why', 'at'], unique=False)
    op.create_index('release_at', 'release', ['at', 'match_id'], unique=False)
    op.create_index('access_log_at', 'access_log', ['at', 'id'], unique=False)
    op.create_index('partner_decision_at', 'partner_decision', ['decided_at', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('partner_decision_at', table_name='partner_decision')
    op.drop_index('access_log_at', table_name='access_log')
    op.drop_index('release_at', table_name='release')
    op.drop_index('attempt_why', table_name='attempt')
    op.drop_index('attempt_who', table_name='attempt')
    op.drop_index('attempt_at', table_name='attempt')
    op.drop_table('attempt')
