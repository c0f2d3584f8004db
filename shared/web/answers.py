"""Store what a request with an `Idempotency-Key` answers, before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request

from shared.bus.db.request_keys import RequestKey, StoredAnswer, keep_answer, release, request_with_key
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.errors import ProblemCode
from shared.identity import idempotency
from shared.identity.state import service_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger(__name__)
_LONGEST = 500_000
"""Bytes of a body that is stored."""
_HEADERS = ("content-type", "etag", "location", "content-disposition")
_REFUSALS = frozenset({409, 410, 422})
"""The statuses of refusals by the rules. After any other refusal the sender may mend the request and repeat it."""


class IdempotencyMiddleware:
    """Stores the answer to a request with a key, unless the request may be judged anew when it is repeated."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or idempotency.HEADER not in Headers(scope=scope):
            await self.app(scope, receive, send)
            return
        with request_with_key():
            await self.app(scope, receive, _Keeping(scope, send))


class _Keeping:
    """Holds the messages of an answer until it is complete and stored; one that is too long is passed on."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._messages: list[Message] = []
        self._length = 0

    async def __call__(self, message: Message) -> None:
        key: RequestKey | None = self._scope.get("state", {}).get("request_key")
        if key is None or key.over or not message["type"].startswith("http.response."):
            await self._send(message)
            return
        self._messages.append(message)
        self._length += len(message.get("body", b""))
        complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not complete and self._length <= _LONGEST:
            return
        key.over = True
        try:
            await self._keep(key, complete=complete and self._length <= _LONGEST)
        except DATABASE_ERRORS as error:
            _log.warning("answer not stored", reason=error)
        messages, self._messages = self._messages, []
        for each in messages:
            await self._send(each)

    async def _keep(self, key: RequestKey, *, complete: bool) -> None:
        request = Request(self._scope)
        start, *rest = self._messages
        status, headers = start["status"], Headers(raw=start["headers"])
        engine = service_of(request.app).bus.engine
        if not self._lasts(status) or getattr(request.state, "answer_forgotten", False):
            if key.written and status < 500:
                await release(engine, key)
            return
        if not complete:
            return
        try:
            body = idempotency.sealed(request, b"".join(each.get("body", b"") for each in rest))
        except UnicodeDecodeError:
            return
        kept_headers = {name: headers[name] for name in _HEADERS if name in headers}
        await keep_answer(engine, key, StoredAnswer(status, kept_headers, body))

    def _lasts(self, status: int) -> bool:
        """Return whether a repeat gets the same answer, whatever has changed meanwhile."""
        waits = self._scope["state"].get("problem") is ProblemCode.IN_PROGRESS
        return 200 <= status < 300 or (status in _REFUSALS and not waits)
