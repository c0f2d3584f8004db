"""Define the tokens with which named consumers fetch the files for donors without signing in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


class TokenState(StrEnum):
    """The state of a token."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


PREFIX = "tandem-feeds-"
"""The beginning of every token: a program that finds one can tell what it opens."""
LONGEST_DAYS = 800
"""The most days for which a token is valid."""


@dataclass(frozen=True, slots=True)
class PullToken:
    """A token as it is stored, without the token itself. `expires` is the last day on which it is valid (UTC)."""

    id: UUID
    consumer: str
    expires: date
    issued_by: str
    issued_at: datetime
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def good(self, at: datetime) -> bool:
        """Return whether it is valid at that moment."""
        return self.revoked_at is None and at.astimezone(UTC).date() <= self.expires

    def state(self, at: datetime) -> TokenState:
        """Return its state at that moment."""
        if self.revoked_at is not None:
            return TokenState.REVOKED
        return TokenState.ACTIVE if self.good(at) else TokenState.EXPIRED


AGAIN = timedelta(minutes=10)
"""For so long a form that is sent again shows its token: of two clicks a browser shows the second answer only."""


class TokenSeal(Protocol):
    """A key of the service."""

    def sign(self, text: str) -> str:
        """Return a keyed digest of a text: 256 bits."""


def token_of(seal: TokenSeal, token_id: UUID) -> str:
    """Return the token of that id: a keyed digest, so that it is the same when a form is sent again."""
    return PREFIX + seal.sign(str(token_id))


def digest(token: str) -> str:
    """Return what is stored of a token. A plain digest will do: nobody can try 2^256 of them."""
    return hashlib.sha256(token.encode()).hexdigest()
