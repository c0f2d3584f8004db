"""What is needed before travel: sheets, costs, letters, what the programme asks for

Revision: 0009, after: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cost',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('payer', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('planned', sa.Numeric(precision=12, scale=2), nullable=False),
    sa.Column('actual', sa.Numeric(precision=12, scale=2), nullable=True),
    sa.Column('party', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('cost_pkey'))
    )
    op.create_index('cost_visit', 'cost', ['visit_id', 'id'], unique=False)
    op.create_table('letter',
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('start', sa.Date(), nullable=False),
    sa.Column('end', sa.Date(), nullable=False),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('letter_pkey'))
    )
    op.create_index('letter_visit', 'letter', ['visit_id', 'kind', 'version'], unique=True)
    op.create_table('preparation_rule',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('asked', sa.Boolean(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=True),
    sa.Column('country', sa.String(), nullable=True),
    sa.Column('host_country', sa.String(), nullable=True),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('preparation_rule_pkey'))
    )
    op.create_index('preparation_rule_once', 'preparation_rule', ['item', 'call_id', 'country', 'host_country'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_table('sheet',
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('visit_id', 'item', name=op.f('sheet_pkey'))
    )
    op.drop_table('prepared')
    # The same fields can be shown for preparing a visit and, on its days, in an emergency.
    op.drop_constraint('release_pkey', 'release', type_='primary')
    op.create_primary_key('release_pkey', 'release', ['match_id', 'of', 'to', 'purpose'])


def downgrade() -> None:
    op.drop_constraint('release_pkey', 'release', type_='primary')
    op.create_primary_key('release_pkey', 'release', ['match_id', 'of', 'to'])
    op.create_table('prepared',
    sa.Column('visit_id', sa.UUID(), autoincrement=False, nullable=False),
    sa.Column('item', sa.VARCHAR(), autoincrement=False, nullable=False),
    sa.Column('actor', sa.VARCHAR(), autoincrement=False, nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('visit_id', 'item', name=op.f('prepared_pkey'))
    )
    op.drop_table('sheet')
    op.drop_index('preparation_rule_once', table_name='preparation_rule', postgresql_nulls_not_distinct=True)
    op.drop_table('preparation_rule')
    op.drop_index('letter_visit', table_name='letter')
    op.drop_table('letter')
    op.drop_index('cost_visit', table_name='cost')
    op.drop_table('cost')
