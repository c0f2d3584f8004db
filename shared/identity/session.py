"""Define sessions: who is signed in, since when, and for how long; and name the cookies of an installation.

The session's cookie holds a random key and nothing else. The portal (applications) keeps a row for each session, found
by the SHA-256 of that key; the other services ask the portal (`remote_sessions.py`). A session holds no name and no
role: rights come from the access table in each request. Times are real times: a clock that is moved forward must not
sign anybody out.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.responses import Response

ABSOLUTE = timedelta(hours=8)
IDLE = timedelta(hours=1)
# That somebody is active is written again after this: not with each page, but well within IDLE.
SEEN_AFTER = timedelta(minutes=10)
_KEY_BYTES = 32
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


class SessionsUnavailable(Exception):
    """The portal, which keeps the sessions, does not answer."""


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of `subject`: when it began and when the person was last seen."""

    subject: str
    begun: datetime
    seen: datetime

    def alive(self, at: datetime) -> bool:
        """Return whether it is neither over (eight hours) nor idle (an hour without a page)."""
        return at < self.begun + ABSOLUTE and at < self.seen + IDLE

    def stale(self, at: datetime) -> bool:
        """Return whether it is to be written that the person is active."""
        return at >= self.seen + SEEN_AFTER


def new_key() -> str:
    """Return a key for a session's cookie that nobody can guess."""
    return secrets.token_urlsafe(_KEY_BYTES)


def digest_of(key: str | None) -> str | None:
    """Return what is kept of a cookie's key, its SHA-256 in hexadecimal digits; None if it is no key of ours."""
    if key is None or not _KEY.fullmatch(key):
        return None
    return hashlib.sha256(key.encode("ascii")).hexdigest()


class Sessions(Protocol):
    """The sessions that the guards of a service look up."""

    async def find(self, digest: str, *, active: bool) -> Session | None:
        """Return the session whose key has this digest; None if there is none, or it has ended.

        `active`: a person acts, so that the session goes on. Raises `SessionsUnavailable`.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Close connections."""
        raise NotImplementedError


class SessionKeeper(Sessions, Protocol):
    """The sessions as the portal keeps them."""

    async def begin(self, subject: str, *, browser: str, id_token: str, replaces: str | None) -> str:
        """Begin a session of `subject` and return its key; the one with the digest `replaces` ends.

        `browser` is the User-Agent header, `id_token` the provider's, which ends the sign-in there.
        """
        raise NotImplementedError

    async def sign_out(self, digest: str) -> str | None:
        """End a session because its person signs out; return its ID token if it was open."""
        raise NotImplementedError


class CookieJar:
    """Names and sets the cookies of this installation: HttpOnly, SameSite=Lax, Secure under https.

    Browsers share cookies between ports of one host, so the origin's port is part of the name: two local runs side by
    side do not sign each other out. Under https the prefix `__Host-` binds each cookie to exactly this host.
    """

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self.secure = parts.scheme == "https"
        self._prefix = "__Host-" if self.secure else ""
        self.suffix = f"-{parts.port}" if parts.port else ""
        self.session = f"{self._prefix}tandem{self.suffix}"
        self.list = self.name("list")
        """Keeps the address of the list shown last, with its filters: it ends with the sign-in."""
        self.done = self.name("done")
        """Signs what the page after a form says was done (`confirmations.py`)."""

    def name(self, purpose: str) -> str:
        """Return the name of a cookie for a purpose other than the session."""
        return f"{self._prefix}tandem-{purpose}{self.suffix}"

    def write(self, response: Response, name: str, value: str, *, max_age: int) -> None:
        """Set a cookie for `max_age` seconds."""
        response.set_cookie(name, value, max_age=max_age, **self._attributes())

    def clear(self, response: Response, name: str) -> None:
        """Remove a cookie."""
        response.delete_cookie(name, **self._attributes())

    def _attributes(self) -> dict[str, Any]:
        # Browsers take a `__Host-` cookie for the path / only.
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "lax"}
