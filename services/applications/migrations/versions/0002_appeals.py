"""Appeals, one a decision

Revision: 0002, after: 0001, written: 2026-11-24 22:46:35.484777
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('appeal',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('against', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('before', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('text', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('answer', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('appeal_pkey'))
    )
    op.create_index('appeal_application', 'appeal', ['application_id', 'filed_at'], unique=False)
    op.create_index('appeal_open', 'appeal', ['due', 'id'], unique=False, postgresql_where=sa.text('outcome IS NULL'))


def downgrade() -> None:
    op.drop_index('appeal_open', table_name='appeal', postgresql_where=sa.text('outcome IS NULL'))
    op.drop_index('appeal_application', table_name='appeal')
    op.drop_table('appeal')
