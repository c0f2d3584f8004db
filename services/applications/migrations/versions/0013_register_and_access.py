"""What the register keeps of proposals, addresses, yearly confirmations, training needs and its own history.

Revision: 0013, after: 0012, written: 2026-11-24 22:56:48
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def _add(table: str, column: sa.Column, value: str) -> None:
    """Add a column that is never empty to a table that may have rows."""
    op.add_column(table, column)
    op.execute(f'UPDATE {table} SET {column.name} = {value}')
    op.alter_column(table, column.name, nullable=False)


def upgrade() -> None:
    op.create_table('address_check',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('void_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('address_check_pkey'))
    )
    op.create_index('address_check_subject', 'address_check', ['subject', 'asked_at'], unique=False)
    op.create_table('need',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('scheme', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('topic_code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('area', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('need_pkey')),
    sa.UniqueConstraint('country', 'scheme', 'topic_code', 'area', 'level', 'since', 'until', name='need_once')
    )
    op.create_index('need_topic_code', 'need', ['topic_code', 'country'], unique=False)
    op.create_table('need_import',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('filename', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cells', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('result', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('need_import_pkey'))
    )
    op.create_index('need_import_expires_at', 'need_import', ['expires_at'], unique=False)
    op.create_index('need_import_subject', 'need_import', ['subject', 'uploaded_at'], unique=False)
    op.create_table('proposal',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('organisation_id', sa.Uuid(), nullable=True),
    sa.Column('change', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('base_version', sa.Integer(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('proposed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('text', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('proposal_pkey'))
    )
    op.create_index('proposal_about', 'proposal', ['about'], unique=True, postgresql_where=sa.text("state = 'waits'"))
    op.create_index('proposal_country', 'proposal', ['country', 'state'], unique=False)
    op.create_index('proposal_organisation_id', 'proposal', ['organisation_id', 'state'], unique=False)
    op.create_index('proposal_state', 'proposal', ['state', 'proposed_at'], unique=False)
    op.create_table('register_change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('action', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('country', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('register_change_pkey'))
    )
    op.create_index('register_change_actor', 'register_change', ['actor', 'id'], unique=False)
    op.create_index('register_change_at', 'register_change', ['at', 'id'], unique=False)
    op.create_index('register_change_entry', 'register_change', ['kind', 'key', 'id'], unique=False)
    for table in ('exclusion', 'fund', 'organisation', 'person'):
        _add(table, sa.Column('version', sa.Integer()), '1')
    op.add_column('person', sa.Column('email_verified_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('person', sa.Column('email_wanted', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    # The programme vouched for whoever it entered so far, on the day of the entry.
    op.execute('UPDATE person SET email_verified_at = changed_at')
    _add('person', sa.Column('confirmed_on', sa.Date()), "(changed_at AT TIME ZONE 'UTC')::date")
    op.add_column('person', sa.Column('lapsed_on', sa.Date(), nullable=True))
    _add('person', sa.Column('lapsed_grants', postgresql.JSONB(astext_type=sa.Text())), "'[]'")
    op.add_column('person', sa.Column('moves_on', sa.Date(), nullable=True))
    op.add_column('person', sa.Column('moves_to', sa.Uuid(), nullable=True))
    op.create_index('person_confirmed_on', 'person', ['confirmed_on'], unique=False, postgresql_where=sa.text('lapsed_on IS NULL'))
    op.create_index('person_email_key', 'person', [sa.text('lower(email)')], unique=True)
    op.create_index('person_moves_on', 'person', ['moves_on'], unique=False, postgresql_where=sa.text('moves_on IS NOT NULL'))
    op.create_index('person_words', 'person', [sa.text("to_tsvector('simple'::regconfig, translate((((name || ' '::text) || own_name) || ' '::text) || email, '@.-_'::text, '    '::text))")], unique=False, postgresql_using='gin')


def downgrade() -> None:
    op.drop_index('person_words', table_name='person', postgresql_using='gin')
    op.drop_index('person_moves_on', table_name='person', postgresql_where=sa.text('moves_on IS NOT NULL'))
    op.drop_index('person_email_key', table_name='person')
    op.drop_index('person_confirmed_on', table_name='person', postgresql_where=sa.text('lapsed_on IS NULL'))
    op.drop_column('person', 'moves_to')
    op.drop_column('person', 'moves_on')
    op.drop_column('person', 'lapsed_grants')
    op.drop_column('person', 'lapsed_on')
    op.drop_column('person', 'confirmed_on')
    op.drop_column('person', 'email_wanted')
    op.drop_column('person', 'email_verified_at')
    op.drop_column('person', 'version')
    op.drop_column('organisation', 'version')
    op.drop_column('fund', 'version')
    op.drop_column('exclusion', 'version')
    op.drop_index('register_change_entry', table_name='register_change')
    op.drop_index('register_change_at', table_name='register_change')
    op.drop_index('register_change_actor', table_name='register_change')
    op.drop_table('register_change')
    op.drop_index('proposal_state', table_name='proposal')
    op.drop_index('proposal_organisation_id', table_name='proposal')
    op.drop_index('proposal_country', table_name='proposal')
    op.drop_index('proposal_about', table_name='proposal', postgresql_where=sa.text("state = 'waits'"))
    op.drop_table('proposal')
    op.drop_index('need_import_subject', table_name='need_import')
    op.drop_index('need_import_expires_at', table_name='need_import')
    op.drop_table('need_import')
    op.drop_index('need_topic_code', table_name='need')
    op.drop_table('need')
    op.drop_index('address_check_subject', table_name='address_check')
    op.drop_table('address_check')
