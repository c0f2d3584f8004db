"""The training needs of the register, which is read again from its start for them."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and have the compacted topic read once more: needs that came before were passed over."""
    op.create_table('need',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('topic', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('area', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('counts', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('need_pkey'))
    )
    op.create_index(op.f('need_until'), 'need', ['until'], unique=False)
    op.create_index(op.f('flaw_subject'), 'flaw', ['subject'], unique=False)
    op.execute("UPDATE consumed SET next_offset = 0, last_ce_id = NULL WHERE topic = 'exchange.registry'")
    op.execute("UPDATE applied SET sequence = 0, ce_id = NULL WHERE topic = 'exchange.registry'")


def downgrade() -> None:
    """Take it away."""
    op.drop_index(op.f('flaw_subject'), table_name='flaw')
    op.drop_index(op.f('need_until'), table_name='need')
    op.drop_table('need')
