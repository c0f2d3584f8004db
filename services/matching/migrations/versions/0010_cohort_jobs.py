"""Large cohorts are committed by a job that can be followed and cancelled

Revision: 0010, after: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cohort_job',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('chosen', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('effort', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('steps', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cohort', sa.Integer(), nullable=True),
    sa.Column('runs', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('proposed', sa.Integer(), nullable=False),
    sa.Column('unmatched', sa.Integer(), nullable=False),
    sa.Column('why', sa.String(), nullable=True),
    sa.Column('moved', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('cohort_job_pkey'))
    )
    op.create_index('cohort_job_call', 'cohort_job', ['call_id', 'id'], unique=False)
    op.create_index('cohort_job_open', 'cohort_job', ['call_id'], unique=True, postgresql_where=sa.text("state IN ('waiting', 'running', 'writing')"))


def downgrade() -> None:
    op.drop_index('cohort_job_open', table_name='cohort_job', postgresql_where=sa.text("state IN ('waiting', 'running', 'writing')"))
    op.drop_index('cohort_job_call', table_name='cohort_job')
    op.drop_table('cohort_job')
