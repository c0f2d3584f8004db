"""When placements and mentors are asked whether they are available, why they pause or closed, and when they are over.

Revision: 0004, after: 0003, written: 2026-11-24 22:55:00.000000
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_LAST_DAY = """
    UPDATE {table} SET last_day = found.last_day
    FROM (SELECT id, max((period ->> 'end')::date) AS last_day
          FROM {table}, jsonb_array_elements(entry -> 'periods') AS period GROUP BY id) AS found
    WHERE {table}.id = found.id
"""


def upgrade() -> None:
    op.create_table('availability_question',
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sa.Uuid(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.PrimaryKeyConstraint('digest', name=op.f('availability_question_pkey'))
    )
    op.create_index(op.f('availability_question_about'), 'availability_question', ['about'], unique=False)
    op.add_column('attendance', sa.Column('was', sa.Boolean(), nullable=True))
    op.add_column('mentor', sa.Column('due', sa.DateTime(timezone=True), nullable=True))
    for table in ('mentor', 'offer'):
        op.add_column(table, sa.Column('cause', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        op.add_column(table, sa.Column('last_day', sa.Date(), nullable=True))
        op.execute(_LAST_DAY.format(table=table))
        op.create_index(f'{table}_asked', table, ['due'], unique=False, postgresql_where=sa.text("state = 'published'"))
        op.create_index(f'{table}_last_day', table, ['last_day'], unique=False, postgresql_where=sa.text("state IN ('published', 'paused')"))
    op.create_index('mentor_call_state', 'mentor', ['call_id', 'state'], unique=False)
    op.create_index(op.f('visit_offer_id'), 'visit', ['offer_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('visit_offer_id'), table_name='visit')
    op.drop_index('mentor_call_state', table_name='mentor')
    for table in ('offer', 'mentor'):
        op.drop_index(f'{table}_last_day', table_name=table)
        op.drop_index(f'{table}_asked', table_name=table)
        op.drop_column(table, 'last_day')
        op.drop_column(table, 'cause')
    op.drop_column('mentor', 'due')
    op.drop_column('attendance', 'was')
    op.drop_index(op.f('availability_question_about'), table_name='availability_question')
    op.drop_table('availability_question')
