"""Which loops does the portal run beside answering requests? The harness starts them again when they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.service import Service

workers: list[Callable[[Service], Awaitable[None]]] = []
