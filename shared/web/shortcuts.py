"""How is a request's route found among hundreds? Only those are asked that begin as its address does.

A router asks its routes one after the other, which took the portal a millisecond of each request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

_PARTS = 3
"""So many parts of an address are looked at, as in `/applications/api/visits`."""
Start = tuple[str, ...]


class Shortcuts:
    """Stands before a router: asks the routes whose fixed beginning is the address's, in their order, and then it."""

    def __init__(self, router: APIRouter) -> None:
        """Take the router with all its routes; what is added later is found by the router itself."""
        self._router = router
        self._whole = router.app
        starts = [(_start(route), route) for route in router.routes]
        self._few = {
            start: APIRouter(
                routes=[route for own, route in starts if own == start[: len(own)]],
                redirect_slashes=False,
                default=self._whole,
            )
            for start in dict.fromkeys(own for own, _ in starts)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        app = self._whole
        if scope["type"] == "http":
            scope["router"] = self._router
            parts = tuple(scope["path"].split("/", _PARTS + 1)[1 : _PARTS + 1])
            while parts and parts not in self._few:
                parts = parts[:-1]
            app = self._few.get(parts, app)
        await app(scope, receive, send)


def _start(route: BaseRoute) -> Start:
    """The parts of a route's path before the first that is not fixed."""
    path: str = getattr(route, "path", "")
    fixed = path.partition("{")[0]
    parts = fixed.split("/")[1:]
    return tuple(parts[:-1] if fixed != path else parts)[:_PARTS]


def take_shortcuts(router: APIRouter) -> None:
    """Have a router find its routes by how they begin; called when all are there."""
    router.middleware_stack = Shortcuts(router)
