"""Ask the portal again and again while one of its two containers stands still."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2

from tests.compose.engine import TrialFailed
from tests.compose.visitor import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.compose.health import Installation

SERVICE = "applications"
_PER_SECOND = 10
_BEFORE, _STALLED, _AFTER = 3.0, 15.0, 5.0
_NOTICE = 1.0
"""Seconds that the gateway has to notice a container that stands still."""
_LIMIT = 1.0
"""Seconds that a request may wait."""


@dataclass(frozen=True)
class SentRequest:
    """One request: its seconds from the pause of the container to its start, its own seconds, and its status."""

    at: float
    took: float
    status: int


@dataclass(frozen=True)
class Outcome:
    """All requests, by their start: before the pause, in the second after it, later while it lasts, and afterwards."""

    requests: Sequence[SentRequest]

    @property
    def noticed(self) -> list[SentRequest]:
        """Requests that began once the gateway had the time to notice, while the container stood still."""
        return [each for each in self.requests if _NOTICE <= each.at < _STALLED]

    @property
    def surprised(self) -> list[SentRequest]:
        """Requests that began in the second after the pause."""
        return [each for each in self.requests if 0 <= each.at < _NOTICE]

    @property
    def slow(self) -> list[SentRequest]:
        """Requests that began after that second and waited too long, or got no page."""
        return [each for each in self.noticed if each.took > _LIMIT or each.status != 200]

    def __str__(self) -> str:
        worst = max(each.took for each in self.noticed)
        early = sum(each.took > _LIMIT for each in self.surprised)
        first = max((each.took for each in self.surprised), default=0.0)
        return (
            f"{len(self.noticed)} requests after the first second: the longest took {worst:.2f} s, {len(self.slow)}"
            f" failed or took over a second; of {len(self.surprised)} in the first second {early} took longer"
            f" (up to {first:.1f} s)"
        )


def stall(installation: Installation) -> Outcome:
    """Run two containers of the portal, pause one, and return how all requests were answered; one is left at the end.

    Pages and forms are requests for in turn, so many a second. Raises `TrialFailed` if there are not two healthy ones.
    """
    engine, checkout = installation.engine, installation.checkout
    engine.up(checkout, "--no-recreate", "--scale", f"{SERVICE}=2")
    installation.until_healthy()
    pair = [each for each in installation.containers() if each.name == SERVICE]
    if len(pair) != 2:
        raise TrialFailed(f"There are {len(pair)} containers of {SERVICE}, not 2.")
    # Both have answered by now: the gateway asks several times a second.
    time.sleep(2)
    with ThreadPoolExecutor(400) as pool:
        start = time.monotonic() + _BEFORE
        requests = [
            pool.submit(_ask, start, number) for number in range(int((_BEFORE + _STALLED + _AFTER) * _PER_SECOND))
        ]
        time.sleep(max(0.0, start - time.monotonic()))
        engine.docker("pause", pair[0].id)
        paused = time.monotonic()
        time.sleep(_STALLED)
        engine.docker("unpause", pair[0].id)
        found = [each.result() for each in requests]
    engine.up(checkout, "--no-recreate", "--scale", f"{SERVICE}=1")
    shift = paused - start
    return Outcome([SentRequest(each.at - shift, each.took, each.status) for each in found])


def _ask(start: float, number: int) -> SentRequest:
    """Send the request of that number at its time."""
    due = start - _BEFORE + number / _PER_SECOND
    time.sleep(max(0.0, due - time.monotonic()))
    began = time.monotonic()
    address = f"{ORIGIN}/{SERVICE}/livez"
    try:
        if number % 2:
            # No form of this address is taken: that the service itself says so (404) is its answer.
            answer = httpx2.post(address, data={"text": "of the trial"}, timeout=60)
            status = 200 if answer.status_code == 404 else answer.status_code
        else:
            status = httpx2.get(address, timeout=60).status_code
    except httpx2.HTTPError:
        status = 0
    return SentRequest(began - start, time.monotonic() - began, status)
