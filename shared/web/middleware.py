"""Do what every request of every service needs: language, headers, HEAD, live stamp, no invisible characters."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse

from shared.attempts import AttemptKind, note_attempt
from shared.bus.db.transaction import Outcome, noted, of_one_request
from shared.i18n import SOURCE, gettext, offered, speak
from shared.identity import confirmations
from shared.identity.refusals import SAFE_METHODS, is_api
from shared.time.arrival import arrived_at
from shared.web import control_characters
from shared.web.admission import replayed, whole
from shared.web.headers import referrer_policy
from shared.web.live import Live
from shared.web.problem_documents import MEDIA_TYPE, FieldError, pointer
from shared.web.problems import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A body without any of these bytes holds no such character: it need not be read twice.
_DONE = frozenset({200, 201, 202, 204})
_SEE_OTHER = 303
ARRIVED = "x-tandem-arrived"
_MILLISECONDS = re.compile(r"[0-9]{1,14}", re.ASCII)
LONGEST_WAIT = timedelta(minutes=10)
"""A request that arrived earlier than this was kept by somebody else than the gateway."""
_SUSPICIOUS = re.compile(rb"\\[ubf]|[\x7f\xc2]")


class ArrivalMiddleware:
    """Lets deadlines be judged by the moment at which the gateway got the request.

    Only a gateway's word counts: the server gives a request that came by one its sender's address without a port.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        moment = _arrival(scope) if scope["type"] == "http" else None
        if moment is None:
            await self.app(scope, receive, send)
            return
        with arrived_at(moment):
            await self.app(scope, receive, send)


def _arrival(scope: Scope) -> datetime | None:
    """Return when the gateway got a request, in real time; None where no gateway says so, or long ago."""
    noted = Headers(scope=scope).get(ARRIVED, "")
    if scope["client"] is None or scope["client"][1] != 0 or not _MILLISECONDS.fullmatch(noted):
        return None
    moment = datetime.fromtimestamp(int(noted) / 1000, UTC)
    return moment if moment > datetime.now(UTC) - LONGEST_WAIT else None


class LivenessMiddleware:
    """Answers whether the process answers, to anybody, before all else: the gateway asks several times a second.

    `path` is asked with GET or HEAD; nothing else of the request counts.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        own = {"cache-control": "no-store", "referrer-policy": referrer_policy(scope)}
        alive = PlainTextResponse("alive", headers=scope["app"].state.site.headers | own)
        if scope["method"] == "HEAD":
            alive.body = b""
        await alive(scope, receive, send)


class HeadersMiddleware:
    """Adds the security headers, and those of the rate limit; caches must not keep pages about people.

    A key that was accepted does not count towards the limit of wrong ones.
    """

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
                for name, value in scope["app"].state.site.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                headers.setdefault("referrer-policy", referrer_policy(scope))
                state = scope.get("state", {})
                for name, value in state.get("rate_limit", {}).items():
                    headers[name] = value
                if "give_back" in state and not 400 <= message["status"] < 500:
                    state["give_back"]()
            await send(message)

        await self.app(scope, receive, send_with_headers)


class VersionsMiddleware:
    """Keeps to its request what that says of versions, and how its commits ended.

    Names the version of the record that a program gets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _DONE:
                done = state.get("versions")
                version = (state.get("etag") if is_api(Request(scope)) else None) if done is None else done.after
                if version is not None:
                    MutableHeaders(scope=message).setdefault("etag", f'"{version}"')
            await send(message)

        with of_one_request(), noted(state.setdefault("outcome", Outcome())):
            await self.app(scope, receive, send_with_version)


class ConfirmationsMiddleware:
    """Signs what the redirect of a form says was done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _SEE_OTHER:
                headers = MutableHeaders(scope=message)
                cookie = await confirmations.cookie_for(Request(scope), headers.get("location", ""))
                if cookie is not None:
                    headers.append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, send_with_cookie)


class HeadMiddleware:
    """Answers HEAD as GET is answered, without the body; a stream ends when its headers are sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        answered, read = asyncio.Event(), False

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                answered.set()

        async def receive_until_answered() -> Message:
            nonlocal read
            if read:
                await answered.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            read = not message.get("more_body", False)
            return message

        scope.setdefault("state", {})  # shared with the copy: guards leave there what other middleware reads
        inner = {**scope, "method": "GET"}
        try:
            await self.app(inner, receive_until_answered, send_headers)
        finally:
            scope.update({name: inner[name] for name in ("route", "path_params") if name in inner})


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


def _wanted(query: bytes, headers: Headers, cookie: str) -> Iterable[str]:
    """Return languages in the order of the reader's preference: address, cookie, browser."""
    yield from parse_qs(query.decode("latin-1")).get("lang", [])
    if "cookie" in headers:
        yield cookie_parser(headers["cookie"]).get(cookie, "")
    accepted: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "").split(","):
        tag, _, weight = part.partition(";")
        try:
            accepted.append((-float(weight.strip().removeprefix("q=") or 1), tag.strip().split("-")[0].lower()))
        except ValueError:
            continue
    yield from (tag for weight, tag in sorted(accepted, key=lambda pair: pair[0]) if weight)


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
        site = scope["app"].state.site
        wanted = [code for code in _wanted(query, Headers(scope=scope), site.language_cookie) if code in offered()]
        chosen = wanted[0] if wanted else SOURCE
        speak(chosen)
        remember = b"lang=" in query and chosen in parse_qs(query.decode("latin-1")).get("lang", [])

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith(("text/html", MEDIA_TYPE)):
                    headers["content-language"] = chosen
                    headers.add_vary_header("Accept-Language, Cookie")
                if remember:
                    attributes = "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax" + (
                        "; Secure" if site.secure else ""
                    )
                    headers.append("set-cookie", f"{site.language_cookie}={chosen}; {attributes}")
            await send(message)

        await self.app(scope, receive, send_with_language)


def _in_address(scope: Scope) -> list[FieldError]:
    """Return the errors of the path (`address`) and of the parameters that have such characters."""
    # What is no UTF-8, such as half of a surrogate pair, is kept as such halves here, and refused with them.
    path = unquote(scope.get("raw_path", b"").decode("latin-1"), errors="surrogateescape")
    found = [_unshown("address")] if any(map(control_characters.UNSHOWN.search, (scope["path"], path))) else []
    query = scope["query_string"].decode("latin-1")
    return found + [
        _unshown(name, parameter=control_characters.without_control_characters(name))
        for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        if control_characters.UNSHOWN.search(name) or control_characters.UNSHOWN.search(value)
    ]


def _in_json(body: bytes) -> list[FieldError]:
    """Return the errors of the fields of a JSON document that have such characters; of an object for its names."""
    if not _SUSPICIOUS.search(body):
        return []
    try:
        waiting: list[tuple[tuple[str | int, ...], Any]] = [((), json.loads(body))]
    except (ValueError, RecursionError):  # no JSON: the route reports it
        return []
    found = set()
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str) and control_characters.UNSHOWN.search(value):
            found.add(place)
        elif isinstance(value, list):
            waiting += [((*place, index), item) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            waiting += [((*place, key), item) for key, item in value.items()]
            found |= {place for key in value if control_characters.UNSHOWN.search(key)}
    places = sorted(tuple(_cleaned(part) for part in place) for place in found)
    return [_unshown(".".join(place) or "body", pointer=pointer(place)) for place in places]


def _cleaned(part: str | int) -> str:
    return control_characters.without_control_characters(str(part))


def _unshown(name: str, **place: str) -> FieldError:
    name = control_characters.without_control_characters(name)
    return FieldError(name, gettext(control_characters.SENTENCE), **place)


class RefuseControlCharacters:
    """Answers 422 where path, query or JSON body have characters that nobody can see, and names the fields."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        errors = _in_address(scope)
        if not errors and "json" in Headers(scope=scope).get("content-type", ""):
            messages = await whole(receive)
            errors = _in_json(b"".join(message.get("body", b"") for message in messages))
            receive = replayed(messages, receive)
        if errors:
            note_attempt(AttemptKind.CONTROL_CHARACTERS)
            refused = answer(Request(scope), 422, errors=errors)
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)
