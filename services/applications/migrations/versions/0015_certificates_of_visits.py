"""Know of which visit a certificate is: on a mentoring pair's visit the mentor may be the one who travelled

Revision: 0015, after: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('certificate', sa.Column('visit_id', sa.Uuid(), nullable=True))
    op.create_index('certificate_visit_id', 'certificate', ['visit_id'], unique=False)


def downgrade() -> None:
    op.drop_index('certificate_visit_id', table_name='certificate')
    op.drop_column('certificate', 'visit_id')
