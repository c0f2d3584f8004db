"""Know of a visit whose place it took over

Revision: 0017, after: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('visit', sa.Column('replaces', sa.Uuid(), nullable=True))
    op.create_index('visit_replaces', 'visit', ['replaces'], unique=False)


def downgrade() -> None:
    op.drop_index('visit_replaces', table_name='visit')
    op.drop_column('visit', 'replaces')
