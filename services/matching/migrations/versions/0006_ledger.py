"""Keep the days that count in the reciprocity ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

FILL = (
    "INSERT INTO stay (visit_id, country, organisation_id, host_country, host_organisation_id, days, done)"
    " SELECT v.id, v.country,"
    " CAST(m.pairing ->> CASE WHEN v.of ->> 'guest' = 'mentor' THEN 'host_organisation_id' ELSE 'organisation_id'"
    "  END AS uuid), v.host_country, v.host_organisation_id,"
    " CASE WHEN v.state IN ('ended', 'completed') THEN (SELECT count(*) FROM attendance a WHERE a.visit_id = v.id"
    "  AND a.present AND v.days ? CAST(a.day AS text)) ELSE jsonb_array_length(v.days) END,"
    " v.state IN ('ended', 'completed')"
    " FROM visit v JOIN match m ON m.id = v.match_id"
    " WHERE v.start IS NOT NULL AND v.state IN ('scheduled', 'under_way', 'ended', 'completed')"
)


def upgrade() -> None:
    """Make the table, with the visits that are there already."""
    op.create_table('stay',
    sa.Column('visit_id', sa.Uuid(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('organisation_id', sa.Uuid(), nullable=False),
    sa.Column('host_country', sa.String(), nullable=False),
    sa.Column('host_organisation_id', sa.Uuid(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('done', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('visit_id', name=op.f('stay_pkey'))
    )
    op.create_index('stay_between', 'stay', ['country', 'host_country'], postgresql_include=['days'])
    op.create_index('stay_host', 'stay', ['host_country'])
    op.create_index('stay_agency', 'stay', ['organisation_id'])
    op.create_index('stay_host_agency', 'stay', ['host_organisation_id'])
    op.execute(FILL)


def downgrade() -> None:
    """Take it away."""
    op.drop_table('stay')
