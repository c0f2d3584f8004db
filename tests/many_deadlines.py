"""Fill the database of notifications with the cases and deadlines that a programme of some years has.

Each case has three deadlines, of which one in eight is open. The rows are written by SQL: they have no events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_CASES = """
INSERT INTO "case" (id, topic, application_id, reference, country)
SELECT c.id, 'exchange.applications', c.id, c.country || '-2026-' || lpad(CAST(n AS text), 5, '0'), c.country
FROM generate_series(1, CAST(:number AS integer)) n,
     LATERAL (SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000' AS uuid) AS id,
                     (ARRAY['AM', 'AZ', 'GE', 'MD', 'UA', 'BY'])[n * 31 % 6 + 1] AS country) c
"""
_DEADLINES = """
INSERT INTO deadline (id, kind, owner, topic, case_id, due, set_at, met_at, open, holder_key, country)
SELECT CAST(lpad(to_hex(n), 8, '0') || '-0000-7000-9000-' || lpad(to_hex(n * 7919 % 1000003), 12, '0') AS uuid),
       (ARRAY['endorsement', 'eligibility', 'attendance'])[n % 3 + 1],
       (ARRAY['home_coordinator', 'programme_coordinator', 'applicant'])[n % 3 + 1], 'exchange.applications', c.id,
       CAST(:now AS timestamptz) + CASE WHEN s.open THEN n * 7 % 900 - 60 ELSE -n * 3 END * interval '2 hours',
       CAST(:now AS timestamptz) - n * interval '3 hours',
       CASE WHEN NOT s.open THEN CAST(:now AS timestamptz) - n * interval '1 hour' END, s.open,
       CASE n % 3 WHEN 0 THEN 'office:' || c.country WHEN 1 THEN 'programme' ELSE 'person:' || n % 4000 END, c.country
FROM generate_series(1, 3 * CAST(:number AS integer)) n
JOIN "case" c ON c.id = CAST(lpad(to_hex((n - 1) / 3 + 1), 8, '0') || '-0000-7000-8000-000000000000' AS uuid),
     LATERAL (SELECT n * 37 % 8 = 0 AS open) s
"""


async def fill(session: AsyncSession, number: int, now: datetime) -> None:
    """Write that many cases with their deadlines."""
    await session.execute(sa.text(_CASES), {"number": number})
    await session.execute(sa.text(_DEADLINES), {"number": number, "now": now})
