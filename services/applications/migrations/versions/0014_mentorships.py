"""Mentorships: versions of the agreement, notes of goals, corrected sessions, pauses, visits of a pair

Revision: 0014, after: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agreement',
    sa.Column('mentorship_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('terms', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('document', sa.String(), nullable=False),
    sa.Column('party', sa.String(), nullable=True),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lapsed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('mentorship_id', 'version', name=op.f('agreement_pkey'))
    )
    op.create_table('goal_note',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mentorship_id', sa.Uuid(), nullable=False),
    sa.Column('goal_id', sa.Uuid(), nullable=False),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('goal_note_pkey'))
    )
    op.create_index('goal_note_of_mentorship', 'goal_note', ['mentorship_id', 'goal_id', 'at'], unique=False)
    op.create_table('pair_visit',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mentorship_id', sa.Uuid(), nullable=False),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('guest', sa.String(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('periods', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pair_visit_pkey'))
    )
    op.create_index('pair_visit_of_mentorship', 'pair_visit', ['mentorship_id', 'at'], unique=False)
    op.create_table('pause',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mentorship_id', sa.Uuid(), nullable=False),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resumed_by', sa.String(), nullable=True),
    sa.Column('resumed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pause_pkey'))
    )
    op.create_index('pause_of_mentorship', 'pause', ['mentorship_id', 'at'], unique=False)
    op.add_column('goal', sa.Column('closed_by', sa.String(), nullable=True))
    op.add_column('goal', sa.Column('reason', sa.String(), server_default='', nullable=False))
    op.add_column('goal', sa.Column('follows', sa.Uuid(), nullable=True))
    op.add_column('mentorship', sa.Column('paused_by', sa.String(), nullable=True))
    op.add_column('session', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('session', sa.Column('next_on', sa.Date(), nullable=True))
    op.add_column('session', sa.Column('disputed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('session', sa.Column('dispute', sa.String(), server_default='', nullable=False))
    op.add_column('session', sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('visit', sa.Column('guest', sa.String(), server_default='guest', nullable=False))
    # What was signed so far is the programme's first version, as it was worded then.
    op.execute(
        "INSERT INTO agreement (mentorship_id, version, terms, text, document, actor, at)"
        " SELECT DISTINCT ON (mentorship_id, version) mentorship_id, version, '{}'::jsonb, text, document,"
        " 'system:programme', at FROM signature ORDER BY mentorship_id, version, at"
    )


def downgrade() -> None:
    op.drop_column('visit', 'guest')
    op.drop_column('session', 'withdrawn_at')
    op.drop_column('session', 'dispute')
    op.drop_column('session', 'disputed_at')
    op.drop_column('session', 'next_on')
    op.drop_column('session', 'version')
    op.drop_column('mentorship', 'paused_by')
    op.drop_column('goal', 'follows')
    op.drop_column('goal', 'reason')
    op.drop_column('goal', 'closed_by')
    op.drop_index('pause_of_mentorship', table_name='pause')
    op.drop_table('pause')
    op.drop_index('pair_visit_of_mentorship', table_name='pair_visit')
    op.drop_table('pair_visit')
    op.drop_index('goal_note_of_mentorship', table_name='goal_note')
    op.drop_table('goal_note')
    op.drop_table('agreement')
