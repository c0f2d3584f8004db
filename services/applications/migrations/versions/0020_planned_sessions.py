"""Keep which sessions pairs have planned, and in which language people chose to be written to

Revision: 0020, after: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('meeting',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mentorship_id', sa.Uuid(), nullable=False),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('begins_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('on_site', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('meeting_pkey'))
    )
    op.create_index(
        'meeting_stands', 'meeting', ['mentorship_id', 'begins_at'], unique=False,
        postgresql_where=sa.text('cancelled_at IS NULL'),
    )
    op.add_column('person', sa.Column('mail_language', sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column('person', 'mail_language')
    op.drop_index('meeting_stands', table_name='meeting', postgresql_where=sa.text('cancelled_at IS NULL'))
    op.drop_table('meeting')
