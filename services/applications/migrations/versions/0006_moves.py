"""Other dates of a visit, and in which state a match was cancelled

Revision: 0006, after: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('move_answer',
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('move', sa.Integer(), nullable=False),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('visit_id', 'move', 'party', name=op.f('move_answer_pkey'))
    )
    op.create_table('move_request',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('periods', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('asked_in', sa.String(), nullable=False),
    sa.Column('after_move', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('move_request_pkey'))
    )
    op.create_index('move_request_visit', 'move_request', ['visit_id', 'id'], unique=False)
    op.add_column('match', sa.Column('was', sa.String(), nullable=True))
    op.add_column('visit', sa.Column('cause', sa.String(), nullable=True))
    op.add_column('visit', sa.Column('moves', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('visit', sa.Column('kept', sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column('visit', 'kept')
    op.drop_column('visit', 'moves')
    op.drop_column('visit', 'cause')
    op.drop_column('match', 'was')
    op.drop_index('move_request_visit', table_name='move_request')
    op.drop_table('move_request')
    op.drop_table('move_answer')
