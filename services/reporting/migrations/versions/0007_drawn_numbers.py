"""Count no certificates: their numbers are drawn, so that nobody can guess one

Revision: 0007, after: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table('certificate_numbering')


def downgrade() -> None:
    op.create_table('certificate_numbering',
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('year', name=op.f('certificate_numbering_pkey'))
    )
