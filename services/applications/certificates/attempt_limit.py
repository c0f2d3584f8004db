"""Limit how often one address may check certificates.

Wrong numbers count, and every file; a right number does not.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from shared.errors import Refused
from shared.i18n import gettext

A_MINUTE = 20
_ADDRESSES = 10_000


class AttemptLimit:
    """The attempts of each address in the present minute, in one process, of the newest addresses only."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def refuse_more(self, address: str, at: float | None = None) -> None:
        """Raise `Refused` (429) if the address has used up its attempts of this minute."""
        minute, attempts = self._counted.get(address, (0, 0))
        if minute == _minute(at) and attempts >= A_MINUTE:
            sentence = gettext("You have made many checks in a short time. Wait a minute, then try again.")
            raise Refused(sentence, 429, headers={"Retry-After": "60"})

    def count(self, address: str, at: float | None = None) -> None:
        """Count one attempt."""
        minute, attempts = self._counted.pop(address, (0, 0))
        self._counted[address] = (_minute(at), attempts + 1 if minute == _minute(at) else 1)
        while len(self._counted) > _ADDRESSES:
            self._counted.popitem(last=False)


def _minute(at: float | None) -> int:
    return int((time.monotonic() if at is None else at) // 60) + 1
