"""Who may fetch the files for donors without signing in? A named consumer, with a token that is shown once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

PREFIX = "tandem-feeds-"
"""What every token begins with: a program that finds one lying about can tell what it opens."""
LONGEST_DAYS = 800
"""A token is good for so many days at the most; a consumer is given a new one in time."""


@dataclass(frozen=True, slots=True)
class PullToken:
    """A token as it is kept: everything but the token itself. `expires` is the last day on which it is good (UTC)."""

    id: UUID
    consumer: str
    expires: date
    issued_by: str
    issued_at: datetime
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def good(self, at: datetime) -> bool:
        """Whether it opens anything at that moment."""
        return self.revoked_at is None and at.astimezone(UTC).date() <= self.expires

    def state(self, at: datetime) -> str:
        """Where it stands: `active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.good(at) else "expired"


def new_token() -> str:
    """A new token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token. A plain digest will do: nobody can try 2^256 of them."""
    return hashlib.sha256(token.encode()).hexdigest()
