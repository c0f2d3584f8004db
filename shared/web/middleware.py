"""Do what every request of every service needs: language, security headers, live stamp, no invisible characters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser

from shared.i18n import COOKIE, SOURCE, offered, speak
from shared.web import control_characters
from shared.web.headers import HEADERS
from shared.web.live import Live
from shared.web.problems import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A body without any of these bytes holds no such character: it need not be read twice.
_SUSPICIOUS = re.compile(rb"\\[ubf]|[\x7f\xc2]")


class HeadersMiddleware:
    """Adds the security headers; caches must not keep pages about people."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class StampMiddleware:
    """Notes the hub's stamp before a page reads its store, so that `stamp()` is never newer than what was read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            hub = getattr(getattr(scope["app"].state, "service", None), "live", None)
            if isinstance(hub, Live):
                scope.setdefault("state", {})["live_stamp"] = hub.stamp()
        await self.app(scope, receive, send)


def _wanted(query: bytes, headers: Headers) -> Iterable[str]:
    """Return languages in the order of the reader's preference: address, cookie, browser."""
    yield from parse_qs(query.decode("latin-1")).get("lang", [])
    if "cookie" in headers:
        yield cookie_parser(headers["cookie"]).get(COOKIE, "")
    accepted: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "").split(","):
        tag, _, weight = part.partition(";q=")
        try:
            accepted.append((-float(weight or 1), tag.strip().split("-")[0].lower()))
        except ValueError:
            continue
    yield from (tag for _, tag in sorted(accepted, key=lambda pair: pair[0]))


class LanguageMiddleware:
    """Sets the language of each request from `?lang=`, the cookie or Accept-Language, and remembers a choice."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query: bytes = scope["query_string"]
        wanted = [code for code in _wanted(query, Headers(scope=scope)) if code in offered()]
        chosen = wanted[0] if wanted else SOURCE
        speak(chosen)
        remember = b"lang=" in query and chosen in parse_qs(query.decode("latin-1")).get("lang", [])

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["content-language"] = chosen
                    headers.add_vary_header("Accept-Language, Cookie")
                if remember:
                    headers.append("set-cookie", f"{COOKIE}={chosen}; Path=/; Max-Age=31536000; SameSite=Lax")
            await send(message)

        await self.app(scope, receive, send_with_language)


def _in_address(scope: Scope) -> list[str]:
    """Return the names of the parameters that have such characters; `address` for the path."""
    found = ["address"] if control_characters.has_control_characters(scope["path"]) else []
    query = scope["query_string"].decode("latin-1")
    return found + [
        name
        for name, value in parse_qsl(query, keep_blank_values=True)
        if control_characters.has_control_characters(name) or control_characters.has_control_characters(value)
    ]


def _in_json(body: bytes) -> list[str]:
    """Return the names of the fields of a JSON document that have such characters, as `answers.languages.0.level`."""
    if not _SUSPICIOUS.search(body):
        return []
    try:
        waiting: list[tuple[str, Any]] = [("", json.loads(body))]
    except (ValueError, RecursionError):  # no JSON: the route reports it
        return []
    found = []
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str) and control_characters.has_control_characters(value):
            found.append(name or "body")
        elif isinstance(value, list):
            waiting += [(f"{name}.{place}" if name else str(place), item) for place, item in enumerate(value)]
        elif isinstance(value, dict):
            waiting += [(f"{name}.{key}" if name else key, item) for key, item in value.items()]
            found += [name or "body" for key in value if control_characters.has_control_characters(key)]
    return sorted(set(found))


class RefuseControlCharacters:
    """Answers 422 where path, query or JSON body have characters that nobody can see, and names the fields."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        names = _in_address(scope)
        if not names and "json" in Headers(scope=scope).get("content-type", ""):
            messages = await _whole(receive)
            names = _in_json(b"".join(message.get("body", b"") for message in messages))
            receive = _replayed(messages, receive)
        if names:
            refused = answer(Request(scope), 422, fields=control_characters.refusal(names))
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


async def _whole(receive: Receive) -> list[Message]:
    """Return all messages of a request's body; the last one may say that the sender has disconnected."""
    messages = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    """Return a `receive` that gives `messages` once more, then what follows them."""
    waiting = list(reversed(messages))

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
