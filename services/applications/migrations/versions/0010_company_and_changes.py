"""Who applies with whom, what was changed after submission, which line managers were told

Revision: 0010, after: 0009, written: 2026-11-24 23:09:42.884917
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('application_change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tasks', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('application_change_pkey'))
    )
    op.create_index('application_change_story', 'application_change', ['application_id', 'id'], unique=False)
    op.create_table('companion',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('written', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('organisation_id', sa.Uuid(), nullable=True),
    sa.Column('named_id', sa.Uuid(), nullable=True),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('mismatch', sa.Boolean(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('companion_pkey'))
    )
    op.create_index('companion_application', 'companion', ['application_id', 'id'], unique=False)
    op.create_index('companion_live', 'companion', ['id'], unique=False, postgresql_where=sa.text("state IN ('asked', 'confirmed')"))
    op.create_index('companion_named', 'companion', ['named_id'], unique=False)
    op.create_index('companion_one_group', 'companion', ['named_id'], unique=True, postgresql_where=sa.text("mode = 'group' AND state = 'confirmed'"))
    op.create_index('companion_organisation', 'companion', ['organisation_id', 'id'], unique=False)
    op.create_index('companion_subject', 'companion', ['subject', 'id'], unique=False)
    op.add_column('application', sa.Column('earlier_id', sa.Uuid(), nullable=True))
    op.add_column('application', sa.Column('managers_told', postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='[]'))
    op.alter_column('application', 'managers_told', server_default=None)


def downgrade() -> None:
    op.drop_column('application', 'managers_told')
    op.drop_column('application', 'earlier_id')
    op.drop_index('companion_subject', table_name='companion')
    op.drop_index('companion_organisation', table_name='companion')
    op.drop_index('companion_one_group', table_name='companion', postgresql_where=sa.text("mode = 'group' AND state = 'confirmed'"))
    op.drop_index('companion_named', table_name='companion')
    op.drop_index('companion_live', table_name='companion', postgresql_where=sa.text("state IN ('asked', 'confirmed')"))
    op.drop_index('companion_application', table_name='companion')
    op.drop_table('companion')
    op.drop_index('application_change_story', table_name='application_change')
    op.drop_table('application_change')
