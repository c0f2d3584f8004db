"""Messages that were in one email, which could not be sent, are tried again together."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from services.notifications.mail.sending.delivery_log import Postponed, next_attempts, pause
from shared.ids import new_id

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def _postponed(attempts: int) -> Postponed:
    message: Any = SimpleNamespace(id=new_id(), attempts=attempts)
    return Postponed(message, "mail server: away")


def test_messages_of_one_email_are_due_at_the_same_moment() -> None:
    """Also where one of them has more attempts behind it; an email of its own keeps its own pause."""
    first, second, alone = _postponed(0), _postponed(2), _postponed(0)
    found = next_attempts([(first, second), alone], NOW)
    assert {found[each.message.id][1] for each in (first, second)} == {NOW + pause(2)}
    assert found[alone.message.id] == (alone, NOW + pause(0))
