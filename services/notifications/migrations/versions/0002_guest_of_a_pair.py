"""Know which of a mentoring pair travels on their visit."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty for all that is no visit of a pair."""
    op.add_column('case', sa.Column('guest', sa.String(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column('case', 'guest')
