"""Let a line manager's link say what it leads to: the follow-up, or cascade sessions

Revision: 0022, after: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The links that are there already lead to the follow-up.
    op.add_column('line_manager_link', sa.Column('matter', sa.String(), nullable=False, server_default='follow_up'))
    op.alter_column('line_manager_link', 'matter', server_default=None)


def downgrade() -> None:
    op.drop_column('line_manager_link', 'matter')
