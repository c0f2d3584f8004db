"""Know which matches are reserves, cleared beforehand, and which applications on the waiting list have such a match

Revision: 0016, after: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('match', sa.Column('reserve', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('standing', sa.Column('cleared_ahead', sa.Boolean(), server_default=sa.text('false'), nullable=False))


def downgrade() -> None:
    op.drop_column('standing', 'cleared_ahead')
    op.drop_column('match', 'reserve')
