"""Note of whom the register has known: a service that still holds an id is told that the person is gone

Revision: 0023, after: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

# Who was taken out before: whomever the access log or an event of the register names, and `person` does not. Both are all
# that another service can have an id from. A line manager's id was never one of the register.
_BEFORE = """
    INSERT INTO former_person (id, at)
    SELECT DISTINCT CAST(named.id AS uuid), now() FROM (
        SELECT jsonb_array_elements_text(people) AS id FROM access_log WHERE audience <> 'line_manager'
        UNION ALL
        SELECT substring(payload FROM '"recipient_id" *: *"([0-9a-f-]{36})"') FROM journal
        WHERE aggregatetype = 'exchange.access' AND type = 'AccessChanged'
    ) AS named
    WHERE named.id IS NOT NULL AND NOT EXISTS (SELECT FROM person WHERE person.id = CAST(named.id AS uuid))
"""


def upgrade() -> None:
    op.create_table(
        'former_person',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('former_person_pkey')),
    )
    op.execute("""
        CREATE FUNCTION note_former_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO former_person (id, at) VALUES (OLD.id, now()) ON CONFLICT DO NOTHING;
            RETURN OLD;
        END $$
    """)
    op.execute(
        'CREATE TRIGGER person_taken_out AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION note_former_person()'
    )
    op.execute(_BEFORE)


def downgrade() -> None:
    op.execute('DROP TRIGGER person_taken_out ON person')
    op.execute('DROP FUNCTION note_former_person')
    op.drop_table('former_person')
