"""Figures stated more than once, the events behind each number apart, and moving figures kept until facts move them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

# The numbers keep how many events prove them and the digest; the ids go into a table of their own.
_LIGHT = """
CREATE FUNCTION pg_temp.light(cell jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT (cell - 'events') || jsonb_build_object(
        'count', jsonb_array_length(cell->'events'),
        'digest', encode(sha256(convert_to(coalesce((SELECT string_agg(id || E'\\n', '' ORDER BY id COLLATE "C")
                                                     FROM jsonb_array_elements_text(cell->'events') AS id), ''),
                                           'UTF8')), 'hex'))
$$
"""
_PROOFS = """
INSERT INTO proof (period, indicator, statement, dimension, value, events)
SELECT period, indicator, 1, '', '', events FROM kept_figure
UNION ALL
SELECT k.period, k.indicator, 1, d.key, c.key,
       ARRAY(SELECT id::uuid FROM jsonb_array_elements_text(c.value->'events') AS id ORDER BY 1)
FROM kept_figure k, jsonb_each(k.breakdowns) AS d, jsonb_each(d.value) AS c
"""
_NUMBERS = """
UPDATE kept_figure SET total = pg_temp.light(total), breakdowns = coalesce(
    (SELECT jsonb_object_agg(d.key, coalesce((SELECT jsonb_object_agg(c.key, pg_temp.light(c.value))
                                              FROM jsonb_each(d.value) AS c), '{}'))
     FROM jsonb_each(breakdowns) AS d), '{}')
"""
_FROZEN = """
UPDATE period SET frozen_at = coalesce(
    (SELECT min(occurred_at) FROM journal
     WHERE aggregatetype = 'exchange.periods' AND aggregateid = label AND type = 'PeriodFrozen'), cut_off)
WHERE state IN ('frozen', 'published')
"""
_COUNTED = "INSERT INTO fact_count SELECT type, 0, count(*), 1 FROM fact GROUP BY type"


def upgrade() -> None:
    """Make the tables, and bring what is kept into its new form."""
    op.create_table('fact_count',
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('shard', sa.SmallInteger(), nullable=False),
    sa.Column('facts', sa.BigInteger(), nullable=False),
    sa.Column('changes', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('type', 'shard', name=op.f('fact_count_pkey'))
    )
    op.create_table('moving_figure',
    sa.Column('period', sa.String(), nullable=False),
    sa.Column('indicator', sa.String(), nullable=False),
    sa.Column('start', sa.Date(), nullable=False),
    sa.Column('end', sa.Date(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('seen', sa.BigInteger(), nullable=False),
    sa.Column('cut_off', sa.DateTime(timezone=True), nullable=False),
    sa.Column('total', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('breakdowns', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('notes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('events', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.PrimaryKeyConstraint('period', 'indicator', name=op.f('moving_figure_pkey'))
    )
    op.create_table('proof',
    sa.Column('period', sa.String(), nullable=False),
    sa.Column('indicator', sa.String(), nullable=False),
    sa.Column('statement', sa.Integer(), nullable=False),
    sa.Column('dimension', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.Column('events', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.PrimaryKeyConstraint('period', 'indicator', 'statement', 'dimension', 'value', name=op.f('proof_pkey'))
    )
    op.add_column('period', sa.Column('frozen_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('period', sa.Column('statement', sa.Integer(), server_default='1', nullable=False))
    op.alter_column('period', 'statement', server_default=None)
    op.add_column('kept_figure', sa.Column('statement', sa.Integer(), server_default='1', nullable=False))
    op.alter_column('kept_figure', 'statement', server_default=None)
    op.drop_constraint('kept_figure_pkey', 'kept_figure')
    op.create_primary_key('kept_figure_pkey', 'kept_figure', ['period', 'indicator', 'statement'])
    for statement in (_LIGHT, _PROOFS, _NUMBERS, _FROZEN, _COUNTED):
        op.execute(statement)
    op.drop_column('kept_figure', 'events')


def downgrade() -> None:
    """Take them away; what was kept stays as it was stated first, without its events."""
    op.execute("DELETE FROM kept_figure WHERE statement > 1")
    op.drop_constraint('kept_figure_pkey', 'kept_figure')
    op.create_primary_key('kept_figure_pkey', 'kept_figure', ['period', 'indicator'])
    op.drop_column('kept_figure', 'statement')
    op.add_column('kept_figure', sa.Column('events', postgresql.ARRAY(sa.Uuid()), server_default='{}', nullable=False))
    op.alter_column('kept_figure', 'events', server_default=None)
    op.drop_column('period', 'statement')
    op.drop_column('period', 'frozen_at')
    op.drop_table('proof')
    op.drop_table('moving_figure')
    op.drop_table('fact_count')
