"""Fill a portal's database with thousands of applications in the states that a programme of some years has.

A tenth waits for somebody's decision, half are completed, and what is planned or offered is due at its own time. The
rows are written by SQL: they have no history and no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

CALLS = tuple(UUID(int=number) for number in range(1, 9))
"""The ids of calls that are nowhere: for queries, not for pages."""
PROGRAMME = 10_600
"""The number of applications of a programme of 48 months."""

_APPLICATIONS = """
INSERT INTO application (id, reference, call_id, kind, subject, country, organisation_id, state, since, due, answers,
                         profile, created_at, saved_at, submitted_at, managers_notified, managers_confirmed)
SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n * 7919 % 1000003), 12, '0') AS uuid),
       c.country || '-2026-' || lpad(CAST(n AS text), 5, '0'),
       (CAST(:calls AS uuid[]))[n % cardinality(CAST(:calls AS uuid[])) + 1],
       CASE n % 4 WHEN 0 THEN 'mentee' ELSE 'study_visit' END,
       'officer-' || n % 4000, c.country,
       CAST(lpad(to_hex(n % 60 + 1), 8, '0') || '-0000-7000-9000-000000000000' AS uuid),
       s.state, CAST(:now AS timestamptz) - n * interval '17 minutes',
       CASE WHEN s.state IN ('submitted', 'returned_for_information', 'endorsed', 'appealed')
            THEN CAST(:now AS timestamptz) + (n * 7 % 900 - 60) * interval '20 minutes' END,
       jsonb_build_object('name', 'Officer ' || n, 'objectives', repeat(md5(CAST(n AS text)), 40)),
       jsonb_build_object('mode', CASE n % 9 WHEN 0 THEN 'group' ELSE 'open' END, 'rank_group', 'operational',
                          'service', CASE n % 5 WHEN 0 THEN 'customs' ELSE 'police' END, 'first_time', n % 3 > 0,
                          'topics', repeat(md5(CAST(n AS text)), 20)),
       CAST(:now AS timestamptz) - n * interval '3 hours', CAST(:now AS timestamptz) - n * interval '2 hours',
       CAST(:now AS timestamptz) - n * interval '2 hours', CAST('[]' AS jsonb), CAST('[]' AS jsonb)
FROM generate_series(1, CAST(:number AS integer)) n,
     LATERAL (SELECT (ARRAY['AM', 'AZ', 'GE', 'MD', 'UA', 'BY'])[n * 31 % 6 + 1] AS country) c,
     LATERAL (SELECT CASE WHEN n * 37 % 100 < 3 THEN 'submitted' WHEN n * 37 % 100 < 4 THEN 'returned_for_information'
                          WHEN n * 37 % 100 < 8 THEN 'endorsed' WHEN n * 37 % 100 < 9 THEN 'appealed'
                          WHEN n * 37 % 100 < 15 THEN 'not_endorsed' WHEN n * 37 % 100 < 20 THEN 'ineligible'
                          WHEN n * 37 % 100 < 25 THEN 'withdrawn' WHEN n * 37 % 100 < 35 THEN 'unplaced'
                          ELSE 'eligible' END AS state) s
"""
_STANDINGS = """
INSERT INTO standing (application_id, state, since, due, changes_at, due_then)
SELECT id, state, since + interval '1 hour',
       CASE WHEN state IN ('matched', 'offered', 'scheduled', 'under_way')
            THEN CAST(:now AS timestamptz) + (n * 11 % 1200 - 60) * interval '30 minutes' END,
       CASE WHEN state IN ('offered', 'scheduled')
            THEN CAST(:now AS timestamptz) + (n * 11 % 1200 - 6) * interval '40 minutes' END,
       CASE WHEN state = 'scheduled'
            THEN CAST(:now AS timestamptz) + (n * 11 % 1200 + 60) * interval '40 minutes' END
FROM (SELECT id, since, n, CASE WHEN n % 100 < 77 THEN 'completed' WHEN n % 100 < 80 THEN 'ended'
                                WHEN n % 100 < 87 THEN 'scheduled' WHEN n % 100 < 88 THEN 'under_way'
                                WHEN n % 100 < 91 THEN 'offered' WHEN n % 100 < 93 THEN 'matched'
                                WHEN n % 100 < 95 THEN 'accepted' WHEN n % 100 < 98 THEN 'waitlisted'
                                ELSE 'in_matching' END AS state
      FROM (SELECT id, since, row_number() OVER (ORDER BY md5(CAST(id AS text))) AS n
            FROM application WHERE state = 'eligible') a) of_eligible
WHERE n % 50 > 0
"""


async def fill(session: AsyncSession, number: int, now: datetime, calls: Sequence[UUID] = CALLS) -> None:
    """Write that many submitted applications; one in fifty of the eligible has no projected state yet."""
    await session.execute(sa.text(_APPLICATIONS), {"number": number, "now": now, "calls": list(calls)})
    await session.execute(sa.text(_STANDINGS), {"now": now})
