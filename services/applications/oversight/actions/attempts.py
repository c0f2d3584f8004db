"""Record refused attempts for the audit, after the answer has gone out and within bounds.

An attempt is a page for another role (403), an id that is somebody else's or forged (404 under a route with an id), a
forged ticket or token, a form from another site, a formula in a name, or invisible characters. Of the request only the
ids in its address are kept. A person's first twenty attempts a minute get a row each; the rest are counted.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from starlette.requests import HTTPConnection

from services.applications.oversight.store import attempts as store
from services.applications.oversight.store.attempts import Attempt
from shared.attempts import AttemptKind, collect_attempts
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.bus.set_aside import of_subject
from shared.i18n import N_
from shared.identity.session import digest_of
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
"""The greatest number of attempts of one person a minute that have a row of their own."""
_PEOPLE = 10_000
_UNWRITTEN = 1_000
"""The greatest number of rows that wait until the store answers again."""
_WRITE_SECONDS = 60.0
_log = structlog.get_logger()

WHY: dict[str, str] = {
    "role": N_("A page for another role"),
    "not_theirs": N_("A record that is not theirs or does not exist"),
    AttemptKind.FORGED_TICKET: N_("A ticket that is not valid here"),
    AttemptKind.FORGED_TOKEN: N_("A token that is not valid"),
    AttemptKind.FOREIGN_FORM: N_("A form that is not from our pages"),
    AttemptKind.OWN_CASE: N_("A decision on their own case"),
    AttemptKind.FORMULA: N_("A formula in a name"),
    AttemptKind.CONTROL_CHARACTERS: N_("Characters that cannot be shown"),
    "counted": N_("Further attempts, only counted"),
}
"""The reasons why an attempt was refused, in words."""


@dataclass(slots=True)
class _Minute:
    """A person's attempts in one minute: those with a row, and the rest."""

    minute: int
    rows: int = 0
    more: int = 0


class AttemptCounter:
    """Count attempts in one process, so that a flood of attempts does not become a flood of rows."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Minute] = OrderedDict()
        self._unwritten: list[Attempt] = []

    def admit(self, subject: str | None, at: float | None = None) -> list[Attempt] | None:
        """Return None if this attempt is only counted; otherwise the rows still to write of earlier minutes."""
        minute = int((time.monotonic() if at is None else at) // 60)
        key = subject or ""
        minute_entry = self._known.get(key)
        earlier = []
        if minute_entry is None or minute_entry.minute != minute:
            earlier = [] if minute_entry is None else _counted_rows(subject, minute_entry.more)
            minute_entry = self._known[key] = _Minute(minute)
        self._known.move_to_end(key)
        while len(self._known) > _PEOPLE:
            self._known.popitem(last=False)
        if minute_entry.rows >= A_MINUTE:
            minute_entry.more += 1
            return None
        minute_entry.rows += 1
        return earlier

    def take_counted(self, at: float | None = None) -> list[Attempt]:
        """Return rows for attempts counted in minutes that have ended; each is returned once."""
        minute = int((time.monotonic() if at is None else at) // 60)
        ended = [(key, entry) for key, entry in self._known.items() if entry.minute != minute]
        for key, _ in ended:
            del self._known[key]
        return [row for key, entry in ended for row in _counted_rows(key or None, entry.more)]

    def keep(self, rows: Iterable[Attempt]) -> None:
        """Keep rows that could not be written yet; beyond the bound the oldest go, which the log says."""
        every = [*self._unwritten, *rows]
        if len(every) > _UNWRITTEN:
            _log.warning("attempts dropped", count=len(every) - _UNWRITTEN)
        self._unwritten = every[-_UNWRITTEN:]

    def take_unwritten(self) -> list[Attempt]:
        """Return the rows that were kept; each is returned once."""
        rows, self._unwritten = self._unwritten, []
        return rows


def _counted_rows(subject: str | None, more: int) -> list[Attempt]:
    if not more:
        return []
    return [
        Attempt(
            id=new_id(), at=clock.now(), subject=subject, method="", route="", reason="counted", status=0, repeats=more
        )
    ]


class AttemptRecorder:
    """ASGI middleware, the outermost: looks at each answer, and records refused attempts."""

    def __init__(self, app: ASGIApp, bus: Bus, attempts: AttemptCounter) -> None:
        self.app = app
        self._bus = bus
        self._attempts = attempts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        noted = collect_attempts()
        status = 0

        async def send_and_watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self.app(scope, receive, send_and_watch)
        reasons = _reasons(scope, status, noted)
        if reasons:
            await self._record(scope, status, reasons)

    async def _record(self, scope: Scope, status: int, reasons: Iterable[str]) -> None:
        subject = await _who(scope)
        rows: list[Attempt] = []
        for why in reasons:
            earlier = self._attempts.admit(subject)
            if earlier is not None:
                rows += [*earlier, _attempt(scope, status, why, subject)]
        self._attempts.keep(await write(self._bus, rows))


async def _who(scope: Scope) -> str | None:
    """Return the person who asked, as the guard found, or by the session's cookie if no guard ran."""
    principal: Principal | None = scope.get("state", {}).get("principal")
    if principal is not None:
        return principal.subject
    request = HTTPConnection(scope)
    if "authorization" in request.headers:  # it acts alone: a cookie beside it says nothing
        return None
    identity = identity_of(scope["app"])
    digest = digest_of(request.cookies.get(identity.cookies.session))
    session = None if digest is None else await identity.sessions.find(digest, active=False)
    return None if session is None else session.subject


def _reasons(scope: Scope, status: int, noted: list[AttemptKind]) -> list[str]:
    """Return why a request was refused, each reason once; empty for a refusal that is not recorded."""
    reasons: list[str] = sorted(set(noted)) if status >= 400 else []
    if not reasons and status == 403:
        reasons = ["role"]
    if not reasons and status == 404 and scope.get("path_params"):
        reasons = ["not_theirs"]
    return reasons


def _attempt(scope: Scope, status: int, reason: str, subject: str | None) -> Attempt:
    ids = [text for text in map(_id, (scope.get("path_params") or {}).values()) if text is not None]
    return Attempt(
        id=new_id(),
        at=clock.now(),
        subject=subject,
        method=scope["method"],
        route=getattr(scope.get("route"), "path", None) or "",
        reason=reason,
        record_ids=" ".join(ids) or None,
        status=status,
    )


def _id(value: Any) -> str | None:
    """Return a part of the address if it is an id: anything else could be content."""
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None


async def write(bus: Bus, rows: list[Attempt]) -> list[Attempt]:
    """Write rows; if the store refuses them together, write each alone, log which it refuses, and go on.

    Returns those to try again, because the store was away, or may have ended the transaction of a process that stalled.
    """
    if not rows:
        return []
    try:
        await _write(bus, rows)
    except DATABASE_ERRORS as error:
        if not of_subject(error):
            _log.warning("attempts not kept yet", count=len(rows), reason=type(error).__name__)
            return rows
        if len(rows) > 1:
            return [left for row in rows for left in await write(bus, [row])]
        _log.warning("an attempt cannot be kept", reason=type(error).__name__)
    return []


async def _write(bus: Bus, rows: list[Attempt]) -> None:
    # A commit without an answer may have been one: what is written again has its id, and is there once.
    async with bus.transaction("system:attempts") as tx:
        await store.add(tx.session, rows)


async def write_counted_attempts(service: Service, attempts: AttemptCounter) -> None:
    """Run the loop that once a minute writes the counted attempts, and those that could not be written before."""
    while True:
        attempts.keep(await write(service.bus, [*attempts.take_unwritten(), *attempts.take_counted()]))
        await clock.moved_or(_WRITE_SECONDS)
