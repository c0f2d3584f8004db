"""Which loops run beside answering requests? The harness starts them again when they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.deadlines import watch_deadlines
from services.notifications.sending.worker import send_mail
from services.notifications.webhooks.worker import send_webhooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.service import Service

workers: list[Callable[[Service], Awaitable[None]]] = [send_mail, watch_deadlines, send_webhooks]
