"""Which characters can nobody see or store, and who keeps them out of addresses and JSON bodies? For all services.

NUL and the other control characters, but for tab and line ends, and halves of a surrogate pair. Forms say it at the
field (`forms.py`), so that what was written is kept; what else comes in is refused here before any route reads it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request

from shared.i18n import N_, gettext
from shared.identity.attempts import Attempt, note_attempt

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
# A body without any of these bytes holds no such character: it need not be read twice.
_SUSPICIOUS = re.compile(rb"\\[ubf]|[\x7f\xc2]")
SENTENCE = N_("This holds characters that cannot be shown. Write it anew by hand.")


def has_control_characters(text: str) -> bool:
    """Whether `text` holds a character that nobody can see."""
    return _UNSHOWN.search(text) is not None


def without_control_characters(text: str) -> str:
    """`text` without the characters that nobody can see."""
    return _UNSHOWN.sub("", text)


def refusal(names: list[str]) -> dict[str, str]:
    """What is told of the fields `names` that hold such characters; noted as an attempt for the audit."""
    note_attempt(Attempt.CONTROL_CHARACTERS)
    return {without_control_characters(name): gettext(SENTENCE) for name in names}


def _in_address(scope: Scope) -> list[str]:
    """The names of the parameters that hold such characters; `address` for the path."""
    found = ["address"] if has_control_characters(scope["path"]) else []
    query = scope["query_string"].decode("latin-1")
    return found + [
        name
        for name, value in parse_qsl(query, keep_blank_values=True)
        if has_control_characters(name) or has_control_characters(value)
    ]


def _in_json(body: bytes) -> list[str]:
    """The names of the fields of a JSON document that hold such characters, as `answers.languages.0.level`."""
    if not _SUSPICIOUS.search(body):
        return []
    try:
        waiting: list[tuple[str, Any]] = [("", json.loads(body))]
    except (ValueError, RecursionError):  # no JSON: the route says so
        return []
    found = []
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str) and has_control_characters(value):
            found.append(name or "body")
        elif isinstance(value, list):
            waiting += [(f"{name}.{place}" if name else str(place), one) for place, one in enumerate(value)]
        elif isinstance(value, dict):
            waiting += [(f"{name}.{key}" if name else key, one) for key, one in value.items()]
            found += [name or "body" for key in value if has_control_characters(key)]
    return sorted(set(found))


class RefuseControlCharacters:
    """Answers 422 where path, query or JSON body hold characters that nobody can see, and names where."""

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
            receive = _again(messages, receive)
        if names:
            # Not above: the error page needs all of shared/web, which needs this module.
            from shared.errors import answer  # noqa: PLC0415 - see above

            refused = answer(Request(scope), 422, fields=refusal(names))
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


async def _whole(receive: Receive) -> list[Message]:
    """All messages of a request's body; the last one may say that the sender has gone."""
    messages = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Gives `messages` once more, then what comes after them."""
    waiting = list(reversed(messages))

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
