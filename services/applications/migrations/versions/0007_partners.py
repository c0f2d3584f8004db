"""Decisions about partners, case by case, and whose access does not count

Revision: 0007, after: 0006, written: 2026-11-24 22:58:18.496506
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('partner_case',
    sa.Column('decision_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('side', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('stage', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('other', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('application_id', sa.Uuid(), nullable=True),
    sa.Column('match_id', sa.Uuid(), nullable=True),
    sa.Column('choice', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('fund_id', sa.Uuid(), nullable=True),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('decision_id', 'id', name=op.f('partner_case_pkey'))
    )
    op.create_index('partner_case_application', 'partner_case', ['application_id'], unique=False)
    op.create_index('partner_case_match', 'partner_case', ['match_id'], unique=False)
    op.create_index('partner_case_notice', 'partner_case', ['ends_on'], unique=False, postgresql_where=sa.text("state = 'notice'"))
    op.create_table('partner_decision',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('shown', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('choices', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('partner_decision_pkey'))
    )
    op.create_index('partner_decision_country', 'partner_decision', ['country', 'decided_at'], unique=False)
    op.create_index('partner_decision_waiting', 'partner_decision', ['since'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('suspension',
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('since', sa.Date(), nullable=True, comment='From this day on no grant for the country counts; none: it is reinstated'),
    sa.Column('cut_at', sa.DateTime(timezone=True), nullable=False, comment='Real time: sign-ins and tokens from before it count no more, after a reinstatement neither'),
    sa.PrimaryKeyConstraint('country', name=op.f('suspension_pkey'))
    )
    # Who is suspended already is so for the guards too.
    op.execute(
        "INSERT INTO suspension SELECT country, since, now() FROM"
        " (SELECT DISTINCT ON (country) * FROM partner WHERE since <= current_date ORDER BY country, since DESC) newest"
        " WHERE status = 'suspended'"
    )


def downgrade() -> None:
    op.drop_table('suspension')
    op.drop_index('partner_decision_waiting', table_name='partner_decision', postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index('partner_decision_country', table_name='partner_decision')
    op.drop_table('partner_decision')
    op.drop_index('partner_case_notice', table_name='partner_case', postgresql_where=sa.text("state = 'notice'"))
    op.drop_index('partner_case_match', table_name='partner_case')
    op.drop_index('partner_case_application', table_name='partner_case')
    op.drop_table('partner_case')
