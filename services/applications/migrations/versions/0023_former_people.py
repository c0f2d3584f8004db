"""Note of whom the register has known: a service that still holds an id is told that the person is gone

Revision: 0023, after: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


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


def downgrade() -> None:
    op.execute('DROP TRIGGER person_taken_out ON person')
    op.execute('DROP FUNCTION note_former_person')
    op.drop_table('former_person')
