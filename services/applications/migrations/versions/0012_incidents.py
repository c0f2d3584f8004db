"""Incident reports and what is noted about them

Revision: 0012, after: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('incident',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('match_id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('visit_id', sa.Uuid(), nullable=True),
    sa.Column('mentorship_id', sa.Uuid(), nullable=True),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('reporter', sa.String(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('readers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('incident_pkey')),
    sa.UniqueConstraint('reference', name=op.f('incident_reference_key'))
    )
    op.create_index('incident_match', 'incident', ['match_id', 'id'], unique=False)
    op.create_index('incident_readers', 'incident', ['readers'], unique=False, postgresql_using='gin', postgresql_ops={'readers': 'jsonb_path_ops'})
    op.create_index('incident_reporter', 'incident', ['reporter', 'id'], unique=False)
    op.create_table('incident_note',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('incident_id', sa.Uuid(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('incident_note_pkey'))
    )
    op.create_index('incident_note_of', 'incident_note', ['incident_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('incident_note_of', table_name='incident_note')
    op.drop_table('incident_note')
    op.drop_index('incident_reporter', table_name='incident')
    op.drop_index('incident_readers', table_name='incident', postgresql_using='gin', postgresql_ops={'readers': 'jsonb_path_ops'})
    op.drop_index('incident_match', table_name='incident')
    op.drop_table('incident')
