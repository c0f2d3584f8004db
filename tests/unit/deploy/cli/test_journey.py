"""The journey looks for the invitation by day, and says at night that it waits for the morning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from deploy.cli.journey.mail import invitation, quiet_until
from deploy.cli.journey.steps import Journey

NOBODY: Any = cast("Any", None)
"""Nobody is asked: the journey must not look for a mail."""


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-12-01T16:59", None),
        ("2026-12-01T17:00", "2026-12-02T03:00"),
        ("2026-12-01T23:30", "2026-12-02T03:00"),
        ("2026-12-02T03:00", None),
    ],
)
def test_mail_waits_while_it_is_night_where_the_officer_lives(now: str, until: str | None) -> None:
    """In Armenia, four hours before UTC, the usual quiet hours are from 17:00 to 03:00 UTC."""
    found = quiet_until(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC))


async def test_at_night_nobody_waits_for_the_invitation(capsys: pytest.CaptureFixture[str]) -> None:
    """The journey says until when emails wait, and goes on without a step."""
    walk = Journey(NOBODY, movable=False)
    await invitation(walk, "http://127.0.0.1:9", "AM-2026-0001", datetime(2026, 12, 2, 3, 0, tzinfo=UTC))
    assert "emails wait until 03:00 UTC, also the invitation" in capsys.readouterr().out
    assert walk.steps == 0
