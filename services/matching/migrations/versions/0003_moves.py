"""Other dates of a visit: how often they were asked for, and those that both sides are asked about

Revision: 0003, after: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('visit', sa.Column('moves', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column(
        'visit', sa.Column('proposal', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column('visit', sa.Column('move_due', sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        'visit_move_due', 'visit', ['move_due'], unique=False, postgresql_where=sa.text('move_due IS NOT NULL')
    )


def downgrade() -> None:
    op.drop_index('visit_move_due', table_name='visit', postgresql_where=sa.text('move_due IS NOT NULL'))
    op.drop_column('visit', 'move_due')
    op.drop_column('visit', 'proposal')
    op.drop_column('visit', 'moves')
