"""Keep the links by which line managers answer without an account

Revision: 0018, after: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'line_manager_link',
        sa.Column('digest', sa.String(), nullable=False),
        sa.Column('application_id', sa.Uuid(), nullable=False),
        sa.Column('about', sa.Uuid(), nullable=False),
        sa.Column('recipient', sa.Uuid(), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('renewed_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('digest', name=op.f('line_manager_link_pkey')),
    )
    op.create_index('line_manager_link_application_id', 'line_manager_link', ['application_id'], unique=False)


def downgrade() -> None:
    op.drop_index('line_manager_link_application_id', table_name='line_manager_link')
    op.drop_table('line_manager_link')
