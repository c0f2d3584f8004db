"""Compute the states of applications from the projections, many in one statement.

Topics may come in any order among each other, so nothing is carried along: each time, the newest match of an
application, what followed from it, and its receipt are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.applications.application.model.standing import standing
from services.applications.application.store.standings import Standing, put_standings
from shared.contracts.codes import ApplicationState, CallState, MatchState, MentorshipState, Party, VisitState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

# One statement for all: the newest match of each application with its visit, its mentorship and the receipt. A match
# with which it stands in reserve holds no place, so it changes nothing but that the application is cleared ahead.
_FOUND = sa.text("""
SELECT wanted.application_id, m.id AS match_id, m.state AS match, m.cancelled_in, m.ended_by,
       v.state AS visit, v.whole, p.state AS mentorship,
       r.waiting, c.state AS call, s.state AS before, s.since,
       EXISTS (SELECT 1 FROM match WHERE match.application_id = wanted.application_id AND match.reserve
               AND match.state = 'cleared') AS cleared_ahead
FROM unnest(CAST(:wanted AS uuid[])) AS wanted(application_id)
LEFT JOIN LATERAL (SELECT * FROM match WHERE match.application_id = wanted.application_id AND NOT match.reserve
                   ORDER BY proposed_at DESC, id DESC LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT * FROM visit WHERE visit.match_id = m.id ORDER BY id DESC LIMIT 1) v ON true
LEFT JOIN LATERAL (SELECT * FROM mentorship WHERE mentorship.match_id = m.id ORDER BY id DESC LIMIT 1) p ON true
LEFT JOIN call c ON c.id = m.call_id
LEFT JOIN receipt r ON r.application_id = wanted.application_id
LEFT JOIN standing s ON s.application_id = wanted.application_id
ORDER BY wanted.application_id
""")


async def restate(session: AsyncSession, touched: Mapping[UUID, datetime]) -> None:
    """Write the present states of these applications; the times are those of the newest event about each."""
    if not touched:
        return
    found = (await session.execute(_FOUND, {"wanted": sorted(touched)})).mappings().all()
    rows = []
    for row in found:
        state = standing(
            _as(MatchState, row["match"]),
            visit=_as(VisitState, row["visit"]),
            whole=row["whole"] is not False,
            mentorship=_as(MentorshipState, row["mentorship"]),
            state_before=_as(MatchState, row["cancelled_in"]),
            cancelled_by=_as(Party, row["ended_by"]),
            waiting=bool(row["waiting"] or row["cleared_ahead"]),
            call_open=row["call"] != CallState.CLOSED,
        )
        unchanged = row["before"] == state
        rows.append(
            Standing(
                application_id=row["application_id"],
                state=state,
                since=row["since"] if unchanged else touched[row["application_id"]],
                match_id=row["match_id"],
                cleared_ahead=row["cleared_ahead"] and state is ApplicationState.WAITLISTED,
            )
        )
    await put_standings(session, rows)


def _as(code: Any, value: str | None) -> Any:
    return None if value is None else code(value)
