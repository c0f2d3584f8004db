"""Keep a narrow row for each submitted application, by which the coordinators' queue is ordered and counted.

Revision: 0004, after: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ORDERS = ("due", "submitted_at", "reference", "call_id")
_INDEXES = {
    **{name: [name] for name in _ORDERS},
    **{f"country_{name}": ["country", name] for name in _ORDERS},
    "country": ["country"],
    "state": ["state"],
    "country_state": ["country", "state"],
    "state_due": ["state", "due"],
    "country_state_due": ["country", "state", "due"],
}
_WRITE = """
CREATE FUNCTION write_queue_entry(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM queue_entry WHERE application_id = wanted FOR UPDATE;
    INSERT INTO queue_entry AS entry
    SELECT a.id, a.reference, a.call_id, a.kind, a.subject, a.country, a.organisation_id, a.state,
           CASE a.state WHEN 'eligible' THEN coalesce(s.state, 'in_matching') ELSE a.state END,
           CASE a.state WHEN 'eligible' THEN coalesce(s.since, a.since) ELSE a.since END,
           coalesce(CASE WHEN a.state IN ('submitted', 'returned_for_information', 'endorsed', 'appealed') THEN a.due ELSE s.due END, '9999-01-01 00:00Z'),
           CASE WHEN a.state IN ('submitted', 'returned_for_information', 'endorsed', 'appealed') THEN NULL ELSE s.changes_at END,
           coalesce(s.due_then, '9999-01-01 00:00Z'), a.submitted_at,
           a.profile ->> 'mode', a.profile ->> 'rank_group', a.profile ->> 'service',
           CAST(a.profile ->> 'first_time' AS boolean)
    FROM application a LEFT JOIN standing s ON s.application_id = a.id
    WHERE a.id = wanted AND a.submitted_at IS NOT NULL
    ON CONFLICT (application_id) DO UPDATE
    SET (reference, call_id, kind, subject, country, organisation_id, own_state, state, since, due, changes_at,
         due_then, submitted_at, mode, rank_group, service, first_time)
      = (excluded.reference, excluded.call_id, excluded.kind, excluded.subject, excluded.country,
         excluded.organisation_id, excluded.own_state, excluded.state, excluded.since, excluded.due,
         excluded.changes_at, excluded.due_then, excluded.submitted_at, excluded.mode, excluded.rank_group,
         excluded.service, excluded.first_time)
    WHERE (entry.*) IS DISTINCT FROM (excluded.*);
END $$
"""
_NOTE = """
CREATE FUNCTION note_queue_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'standing' THEN
        PERFORM write_queue_entry(NEW.application_id);
    ELSE
        PERFORM write_queue_entry(NEW.id);
    END IF;
    RETURN NULL;
END $$
"""
_OF_APPLICATION = """
CREATE CONSTRAINT TRIGGER application_listed
AFTER INSERT OR UPDATE OF reference, call_id, kind, subject, country, organisation_id, state, since, due, profile,
    submitted_at ON application DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.submitted_at IS NOT NULL) EXECUTE FUNCTION note_queue_entry()
"""
_OF_STANDING = """
CREATE CONSTRAINT TRIGGER standing_listed AFTER INSERT OR UPDATE ON standing DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION note_queue_entry()
"""


def upgrade() -> None:
    """Create the table with its triggers, and fill it."""
    op.create_table(
        "queue_entry",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("own_state", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("due", _TIME, nullable=False),
        sa.Column("changes_at", _TIME, nullable=True),
        sa.Column("due_then", _TIME, nullable=False),
        sa.Column("submitted_at", _TIME, nullable=False),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("rank_group", sa.String(), nullable=True),
        sa.Column("service", sa.String(), nullable=True),
        sa.Column("first_time", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("application_id", name="queue_entry_pkey"),
    )
    for statement in (_WRITE, _NOTE, _OF_APPLICATION, _OF_STANDING):
        op.execute(statement)
    op.execute("SELECT count(write_queue_entry(id)) FROM application WHERE submitted_at IS NOT NULL")
    for name, columns in _INDEXES.items():
        op.create_index(f"queue_entry_{name}", "queue_entry", [*columns, "application_id"])
    op.create_index(
        "queue_entry_changes_at", "queue_entry", ["changes_at"], postgresql_where=sa.text("changes_at IS NOT NULL")
    )
    op.create_index("queue_entry_organisation_id", "queue_entry", ["organisation_id"])


def downgrade() -> None:
    """Remove the table, and the triggers that write it."""
    op.execute("DROP TRIGGER standing_listed ON standing")
    op.execute("DROP TRIGGER application_listed ON application")
    op.execute("DROP FUNCTION note_queue_entry")
    op.execute("DROP FUNCTION write_queue_entry")
    op.drop_table("queue_entry")
