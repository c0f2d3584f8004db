"""Keep which tests before and after a visit are asked, and until when

Revision: 0021, after: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('test_asked',
    sa.Column('subject', sa.Uuid(), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'what', name=op.f('test_asked_pkey'))
    )


def downgrade() -> None:
    op.drop_table('test_asked')
