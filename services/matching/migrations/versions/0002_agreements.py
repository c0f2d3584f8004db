"""Keep each signed version of an agreement, and find a mentor's mentorships."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was signed so far stays."""
    op.add_column('signature', sa.Column('until', sa.Date(), nullable=True))
    op.drop_constraint('signature_pkey', 'signature', type_='primary')
    op.create_primary_key('signature_pkey', 'signature', ['mentorship_id', 'by', 'version'])
    op.create_index('mentorship_mentor', 'mentorship', ['mentor_id'], unique=False)


def downgrade() -> None:
    """Each side keeps its newest signature only."""
    op.drop_index('mentorship_mentor', table_name='mentorship')
    op.execute(
        'DELETE FROM signature older USING signature newer WHERE older.mentorship_id = newer.mentorship_id'
        ' AND older.by = newer.by AND older.version < newer.version'
    )
    op.drop_constraint('signature_pkey', 'signature', type_='primary')
    op.create_primary_key('signature_pkey', 'signature', ['mentorship_id', 'by'])
    op.drop_column('signature', 'until')
