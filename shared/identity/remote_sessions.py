"""Ask the portal for sessions, for the services that do not keep them.

An answer counts for five seconds, "there is no such session" too, so that a session that ended is known everywhere
after that time. Requests that come together ask once.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx2
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from shared import http_client
from shared.identity.session import Session, SessionsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECK = "/applications/internal/sessions/check"
GOOD_FOR = 5.0
_KEPT_AT_MOST = 10_000
_TIMEOUT = httpx2.Timeout(3.0, connect=1.0)
# A portal that is being started again is tried for a moment; then nobody waits for it for a while.
_TRIED_FOR = 1.5
_PAUSE = 1.0
_log = structlog.get_logger()


class _Found(BaseModel):
    model_config = ConfigDict(extra="ignore")

    subject: str
    begun: AwareDatetime
    seen: AwareDatetime


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    session: _Found | None


class RemoteSessions:
    """The sessions of the portal at `url`; answers are kept for five seconds, the newest 10,000."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(headers)
        self._client: httpx2.AsyncClient | None = None
        self._known: OrderedDict[str, tuple[float, Session | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Session | None]] = {}
        self._away_until = float("-inf")

    async def find(self, digest: str, *, active: bool) -> Session | None:
        """Return the session whose key has this digest, or None; see `Sessions.find`."""
        until, session = self._known.get(digest, (float("-inf"), None))
        due = active and session is not None and session.stale(datetime.now(UTC))
        if time.monotonic() < until and not due:
            return session
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.create_task(self._ask(digest, active=active))
            task.add_done_callback(lambda done: self._answered(digest, done))
        # A reader who leaves does not take the answer from the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _answered(self, digest: str, task: asyncio.Task[Session | None]) -> None:
        del self._asking[digest]
        if not task.cancelled():
            task.exception()  # whoever asked may have left: then nobody else looks at it

    async def _ask(self, digest: str, *, active: bool) -> Session | None:
        began = time.monotonic()
        if began < self._away_until:
            raise SessionsUnavailable
        try:
            session = await self._fetched(digest, active=active)
        except (httpx2.HTTPError, ValidationError) as error:
            self._away_until = time.monotonic() + _PAUSE
            _log.warning("sessions not checked: the portal gave no answer", reason=type(error).__name__)
            raise SessionsUnavailable from error
        self._known[digest] = (began + GOOD_FOR, session)
        self._known.move_to_end(digest)
        while len(self._known) > _KEPT_AT_MOST:
            self._known.popitem(last=False)
        return session

    async def _fetched(self, digest: str, *, active: bool) -> Session | None:
        if self._client is None:
            self._client = http_client.client(
                base_url=self._url, headers=self._headers, timeout=_TIMEOUT, trust_env=False
            )
        tries = AsyncRetrying(
            stop=stop_after_delay(_TRIED_FOR),
            wait=wait_fixed(0.25),
            retry=retry_if_exception_type((httpx2.NetworkError, httpx2.RemoteProtocolError)),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                answer = await self._client.post(CHECK, json={"digest": digest, "active": active})
        answer.raise_for_status()
        found = _Answer.model_validate_json(answer.content).session
        return None if found is None else Session(found.subject, found.begun, found.seen)
