"""Fill matching's database with thousands of cases in the states that a programme of some years has.

Half are completed visits, a fifth waits for a place or has a provisional one, the rest ended or is on its way. The rows
are written by SQL: they have no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from tests.many_applications import CALLS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

SEATS = 2_000
_SEATS = """
INSERT INTO seat (id, kind, call_id, reference, title, country, organisation_id, state, terms, choices, changed_at)
SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-a000-000000000000' AS uuid), 'placement',
       (CAST(:calls AS uuid[]))[n % cardinality(CAST(:calls AS uuid[])) + 1],
       c.country || '-P-' || lpad(CAST(n AS text), 5, '0'), 'Placement ' || n, c.country,
       CAST(lpad(to_hex(n % 90 + 1), 8, '0') || '-0000-7000-9000-000000000000' AS uuid), 'published',
       CAST('{}' AS jsonb), CAST('{}' AS jsonb), CAST(:now AS timestamptz)
FROM generate_series(1, CAST(:seats AS integer)) n,
     LATERAL (SELECT (ARRAY['LT', 'FR', 'DE', 'PL', 'AM', 'GE'])[n * 31 % 6 + 1] AS country) c
"""
_CANDIDATES = """
INSERT INTO candidate (id, call_id, reference, kind, country, organisation_id, state, profile, submitted_at, changed_at)
SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n * 7919 % 1000003), 12, '0') AS uuid),
       (CAST(:calls AS uuid[]))[n % cardinality(CAST(:calls AS uuid[])) + 1],
       c.country || '-2026-' || lpad(CAST(n AS text), 5, '0'), 'study_visit', c.country,
       CAST(lpad(to_hex(n % 60 + 1), 8, '0') || '-0000-7000-9000-000000000000' AS uuid),
       CASE WHEN n * 37 % 100 < 8 THEN 'submitted' WHEN n * 37 % 100 < 15 THEN 'endorsed'
            WHEN n * 37 % 100 < 25 THEN 'ineligible' WHEN n * 37 % 100 < 35 THEN 'withdrawn' ELSE 'eligible' END,
       jsonb_build_object('topics', repeat(md5(CAST(n AS text)), 20)),
       CAST(:now AS timestamptz) - n * interval '2 hours', CAST(:now AS timestamptz) - n * interval '17 minutes'
FROM generate_series(1, CAST(:number AS integer)) n,
     LATERAL (SELECT (ARRAY['AM', 'AZ', 'GE', 'MD', 'UA', 'BY'])[n * 31 % 6 + 1] AS country) c
"""
_MATCHES = """
INSERT INTO match (id, application_id, call_id, kind, seat_id, country, host_country, host_organisation_id, state,
                   since, due, proposed_at, pairing, run_id, score, next_in_line, home_cleared, host_cleared,
                   applicant_accepted, host_accepted, silent)
SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-b000-000000000000' AS uuid), c.id, c.call_id, c.kind, s.id,
       c.country, s.country, s.organisation_id,
       CASE WHEN n % 20 < 16 THEN 'confirmed' WHEN n % 20 < 18 THEN 'offered' ELSE 'proposed' END,
       c.changed_at + interval '1 hour', CAST(:now AS timestamptz) + n % 500 * interval '1 hour', c.changed_at,
       CAST('{}' AS jsonb), s.id, n % 900, CAST('[]' AS jsonb), true, true,
       n % 20 < 16, n % 20 < 16, CAST('[]' AS jsonb)
FROM (SELECT *, row_number() OVER (ORDER BY md5(CAST(id AS text))) AS n FROM candidate WHERE state = 'eligible') c
JOIN seat s ON s.id = CAST(lpad(to_hex(n % CAST(:seats AS integer) + 1), 8, '0')
                           || '-0000-7000-a000-000000000000' AS uuid)
WHERE n % 10 < 8
"""
_STANDINGS = """
INSERT INTO standing (application_id, call_id, kind, seat_id, score, host_score, reason, since)
SELECT c.id, c.call_id, c.kind,
       CASE n % 3 WHEN 0 THEN CAST(lpad(to_hex(n % CAST(:seats AS integer) + 1), 8, '0')
                                   || '-0000-7000-a000-000000000000' AS uuid) END,
       n % 900, n % 70, NULL, c.changed_at + interval '2 hours'
FROM (SELECT *, row_number() OVER (ORDER BY md5(CAST(id AS text))) AS n FROM candidate WHERE state = 'eligible') c
WHERE n % 10 >= 8
"""
_VISITS = """
INSERT INTO visit (id, match_id, application_id, call_id, offer_id, country, host_country, host_organisation_id, state,
                   since, start, end_day, required_days, details, days, early)
SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-c000-000000000000' AS uuid), id, application_id, call_id, seat_id,
       country, host_country, host_organisation_id,
       CASE WHEN n % 100 < 77 THEN 'completed' WHEN n % 100 < 80 THEN 'cancelled' WHEN n % 100 < 82 THEN 'unschedulable'
            WHEN n % 100 < 84 THEN 'under_way' ELSE 'scheduled' END,
       since + interval '1 day',
       CASE WHEN n % 100 NOT IN (80, 81) THEN CAST('2024-01-01' AS date) + CAST(n % 1500 AS integer) END,
       CASE WHEN n % 100 NOT IN (80, 81) THEN CAST('2024-01-05' AS date) + CAST(n % 1500 AS integer) END, 5,
       CAST('{}' AS jsonb), CAST('[]' AS jsonb), false
FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM match WHERE state = 'confirmed') m
"""
TABLES = "seat, candidate, match, standing, visit"


async def fill(session: AsyncSession, number: int, now: datetime) -> None:
    """Write that many cases."""
    values = {"number": number, "now": now, "calls": list(CALLS), "seats": SEATS}
    for statement in (_SEATS, _CANDIDATES, _MATCHES, _STANDINGS, _VISITS):
        bound = sa.text(statement)
        await session.execute(bound, {name: values[name] for name in bound.compile().params})
