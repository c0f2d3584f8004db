"""Read and write the sealed session cookie, which says who is signed in to all services.

Only applications writes it, at sign-in and renewal. It holds no name and no role: rights come from the access table in
each request, so that a withdrawn right ends at once. Times are real times, in seconds: a clock that is moved forward
must not sign anybody out.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.responses import Response

    from shared.identity.sealing import Seal

ABSOLUTE = 8 * 3600
IDLE = 60 * 60
# A cookie is renewed when it was last seen longer ago than this: not with each page, but well within IDLE.
RENEW_AFTER = 10 * 60


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: its own id, the subject, and (seconds since 1970) when issued, last seen and over."""

    id: str
    subject: str
    issued: int
    seen: int
    expires: int

    @classmethod
    def begin(cls, subject: str, at: float | None = None) -> Session:
        """Return a new sign-in of `subject`, good for eight hours, with an id that nobody can guess."""
        moment = int(time.time() if at is None else at)
        return cls(secrets.token_urlsafe(16), subject, moment, moment, moment + ABSOLUTE)

    def alive(self, at: float) -> bool:
        """Return whether it is neither over (eight hours) nor idle (an hour without a page)."""
        return at < self.expires and at < self.seen + IDLE

    def stale(self, at: float) -> bool:
        """Return whether its cookie should be written again, as the person is active."""
        return at >= self.seen + RENEW_AFTER

    def renewed(self, at: float) -> Session:
        """Return the same sign-in, seen at this moment; the eight hours are not prolonged."""
        return Session(self.id, self.subject, self.issued, int(at), self.expires)


def open_session(text: str | None, seal: Seal, at: float | None = None) -> Session | None:
    """Return the session in a cookie's text, or None if there is none, it was not sealed by us, or it is over."""
    values = seal.open(text) if text else None
    if values is None:
        return None
    try:
        session = Session(**values)
    except TypeError:  # sealed by an older release with other fields: sign in again
        return None
    return session if session.alive(time.time() if at is None else at) else None


def sealed_session(session: Session, seal: Seal) -> str:
    """Return the text for the session's cookie."""
    return seal.close(asdict(session))


class CookieJar:
    """Names and sets the cookies of this installation: HttpOnly, SameSite=Lax, Secure under https.

    Browsers share cookies between ports of one host, so the origin's port is part of the name: two local runs side by
    side do not sign each other out. Under https the prefix `__Host-` binds the session to exactly this host.
    """

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self.secure = parts.scheme == "https"
        self._suffix = f"-{parts.port}" if parts.port else ""
        self.session = f"{'__Host-' if self.secure else ''}tandem{self._suffix}"
        self.list = self.name("list")
        """Keeps the address of the list shown last, with its filters: it ends with the sign-in."""

    def name(self, purpose: str) -> str:
        """Return the name of a cookie for a purpose other than the session."""
        return f"tandem-{purpose}{self._suffix}"

    def write(self, response: Response, name: str, value: str, *, max_age: int, path: str = "/") -> None:
        """Set a cookie for `max_age` seconds."""
        response.set_cookie(name, value, max_age=max_age, **self._attributes(path))

    def clear(self, response: Response, name: str, *, path: str = "/") -> None:
        """Remove a cookie."""
        response.delete_cookie(name, **self._attributes(path))

    def _attributes(self, path: str) -> dict[str, Any]:
        return {"path": path, "secure": self.secure, "httponly": True, "samesite": "lax"}
