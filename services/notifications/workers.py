"""List the loops that run beside the requests; the harness restarts a loop that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.mail.bounces.inbound import receive_reports
from services.notifications.mail.sending.worker import send_mail
from services.notifications.reminders.actions.deadlines import watch_deadlines
from services.notifications.reminders.actions.digests import write_digests
from services.notifications.webhooks.worker import send_webhooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.notifications.settings import Settings
    from shared.runtime.service import Service


def workers(settings: Settings) -> list[Callable[[Service], Awaitable[None]]]:
    """Return the loops of this installation."""
    found: list[Callable[[Service], Awaitable[None]]] = [send_mail, watch_deadlines, write_digests, send_webhooks]
    if settings.bounce_port is not None:
        found.append(receive_reports)
    return found
