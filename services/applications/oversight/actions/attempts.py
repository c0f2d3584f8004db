"""How are refused attempts kept for the audit? After the answer has gone out, bounded, and never in its way.

What counts: a page for another role (403), somebody else's or a forged id (404 under a route that names one), a forged
ticket or token, a form that is not from our page, a formula in a name, characters that nobody can see. Of what was
sent nothing is kept but the ids in the address. A person's first twenty a minute have a row; the rest is counted.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from services.applications.oversight.store.attempts import Attempt
from shared.attempts import Attempt as identity_Attempt
from shared.attempts import collect_attempts
from shared.i18n import N_
from shared.identity.session import open_session
from shared.identity.state import identity_of
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.bus import Bus
    from shared.identity import Principal
    from shared.runtime.service import Service

A_MINUTE = 20
"""How many attempts of one person a minute have a row of their own."""
_PEOPLE = 10_000
_WRITE_SECONDS = 60.0
_log = structlog.get_logger()

WHY: dict[str, str] = {
    "role": N_("A page for another role"),
    "not_theirs": N_("Somebody else's thing, or one that is not there"),
    identity_Attempt.FORGED_TICKET: N_("A ticket that is not good here"),
    identity_Attempt.FORGED_TOKEN: N_("A token that does not count"),
    identity_Attempt.FOREIGN_FORM: N_("A form that is not from our page"),
    identity_Attempt.FORMULA: N_("A formula in a name"),
    identity_Attempt.CONTROL_CHARACTERS: N_("Characters that cannot be shown"),
    "counted": N_("Further ones, only counted"),
}
"""Why an attempt was refused, in words."""


@dataclass(slots=True)
class _Minute:
    """A person's attempts in one minute: those with a row, and the rest."""

    minute: int
    rows: int = 0
    more: int = 0


class Attempts:
    """What one process remembers, so that a flood of attempts is no flood of rows."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Minute] = OrderedDict()

    def let_in(self, who: str | None, at: float | None = None) -> list[Attempt] | None:
        """None where this attempt is only counted; else what of earlier minutes is still to be written."""
        minute = int((time.monotonic() if at is None else at) // 60)
        key = who or ""
        known = self._known.get(key)
        left = []
        if known is None or known.minute != minute:
            left = [] if known is None else _counted(who, known.more)
            known = self._known[key] = _Minute(minute)
        self._known.move_to_end(key)
        while len(self._known) > _PEOPLE:
            self._known.popitem(last=False)
        if known.rows >= A_MINUTE:
            known.more += 1
            return None
        known.rows += 1
        return left

    def take_counted(self, at: float | None = None) -> list[Attempt]:
        """Rows for what was counted in minutes that are over; each is given once."""
        minute = int((time.monotonic() if at is None else at) // 60)
        over = [(key, one) for key, one in self._known.items() if one.minute != minute]
        for key, _ in over:
            del self._known[key]
        return [row for key, one in over for row in _counted(key or None, one.more)]


def _counted(who: str | None, more: int) -> list[Attempt]:
    if not more:
        return []
    return [Attempt(id=new_id(), at=clock.now(), who=who, method="", route="", why="counted", status=0, more=more)]


class KeepAttempts:
    """ASGI middleware, the outermost: looks at what was answered, and keeps what was refused."""

    def __init__(self, app: ASGIApp, bus: Bus, attempts: Attempts) -> None:
        self.app = app
        self._bus = bus
        self._attempts = attempts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        heard = collect_attempts()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self.app(scope, receive, watched)
        found = _refused(scope, status, heard)
        if found:
            await self._keep(scope, status, found)

    async def _keep(self, scope: Scope, status: int, found: Iterable[str]) -> None:
        who = _who(scope)
        rows: list[Attempt] = []
        for why in found:
            left = self._attempts.let_in(who)
            if left is not None:
                rows += [*left, _attempt(scope, status, why, who)]
        await write(self._bus, rows)


def _who(scope: Scope) -> str | None:
    """Who asked: as the guard found, or by the session's cookie where the request was refused before its guard."""
    principal: Principal | None = scope.get("state", {}).get("principal")
    if principal is not None:
        return principal.subject
    request = HTTPConnection(scope)
    if "authorization" in request.headers:  # it acts alone: a cookie beside it says nothing
        return None
    identity = identity_of(scope["app"])
    session = open_session(request.cookies.get(identity.cookies.session), identity.sessions)
    return None if session is None else session.subject


def _refused(scope: Scope, status: int, heard: list[identity_Attempt]) -> list[str]:
    """Why a request was refused, each reason once; nothing where it was not, or for no reason to be kept."""
    found: list[str] = sorted(set(heard)) if status >= 400 else []
    if not found and status == 403:
        found = ["role"]
    if not found and status == 404 and scope.get("path_params"):
        found = ["not_theirs"]
    return found


def _attempt(scope: Scope, status: int, why: str, who: str | None) -> Attempt:
    ids = [text for text in map(_id, (scope.get("path_params") or {}).values()) if text is not None]
    return Attempt(
        id=new_id(),
        at=clock.now(),
        who=who,
        method=scope["method"],
        route=getattr(scope.get("route"), "path", None) or "",
        why=why,
        about=" ".join(ids) or None,
        status=status,
    )


def _id(value: Any) -> str | None:
    """A part of the address, if it is an id: anything else could be content."""
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None


async def write(bus: Bus, rows: list[Attempt]) -> None:
    """Write rows; where the store does not take them that is said in the log, and nobody is held up by it."""
    if not rows:
        return
    try:
        async with bus.transaction("system:attempts") as tx:
            tx.session.add_all(rows)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        _log.warning("attempts not kept", count=len(rows), reason=type(error).__name__)


async def keep_counted(service: Service, attempts: Attempts) -> None:
    """The worker: once a minute write how many more there were."""
    while True:
        await write(service.bus, attempts.take_counted())
        await clock.moved_or(_WRITE_SECONDS)
