"""How does the journey say what it does? Each step with its number, its words and its time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from deploy.cli.system import Failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from deploy.cli.client import People

PORTAL = "/applications/api"
OFFICER, MENTEE = "persona-officer", "persona-mentee"
HOST, MENTOR = "persona-host", "persona-mentor"
PROGRAMME, DONOR = "persona-programme", "persona-donor"
HOME, HOST_COUNTRY = "persona-coordinator-am", "persona-coordinator-fr"
MENTEE_COUNTRY, MENTOR_COUNTRY = "persona-coordinator-ge", "persona-coordinator-lt"


@dataclass
class Walk:
    """One journey: who acts, and how many steps were taken."""

    people: People
    movable: bool
    began: float = field(default_factory=monotonic)
    steps: int = 0

    @asynccontextmanager
    async def step(self, words: str) -> AsyncIterator[None]:
        """One step: printed with its time when it happened. What goes wrong in it is told with its words."""
        self.steps += 1
        start = monotonic()
        try:
            yield
        except Failed as error:
            print(f"{self.steps:>3}  {words:<72} failed", flush=True)
            raise Failed(f"step {self.steps} ({words}): {error}") from error
        print(f"{self.steps:>3}  {words:<72} {monotonic() - start:6.2f} s", flush=True)

    def say(self, words: str) -> None:
        """A line that is no step."""
        print(f"     {words}", flush=True)

    async def seen(
        self,
        what: str,
        who: str,
        path: str,
        find: Callable[[Any], Any],
        *,
        params: Mapping[str, Any] | None = None,
        timeout: float = 45.0,  # noqa: ASYNC109 - the wait itself is what is asked for
    ) -> Any:
        """What `find` gives of the answer at `path`, once it gives something. Raises `Failed` after `timeout`."""

        async def look() -> Any:
            return find(await self.people.get(who, path, **(params or {})))

        return await self.people.until(what, look, timeout=timeout)

    async def state(self, path: str, who: str, *wanted: str) -> dict[str, Any]:
        """The thing at `path` once it is in one of the states `wanted`."""
        found: dict[str, Any] = await self.seen(
            f"state {' or '.join(wanted)} at {path}", who, path, lambda one: one if one["state"] in wanted else None
        )
        return found

    async def figure(self, indicator: str) -> int:
        """A figure's total over the whole programme, as the donor reads it."""
        found = await self.people.get(DONOR, f"/reporting/api/indicators/{indicator}", period="programme")
        return int(found["value"] or 0)

    async def figure_becomes(self, indicator: str, wanted: int) -> None:
        """Wait until a figure has a value."""

        async def look() -> bool:
            return await self.figure(indicator) == wanted

        await self.people.until(f"{indicator} is {wanted}", look)

    async def move_clock(self, by: timedelta) -> None:
        """Move the local clock, as the programme coordinator does on the page."""
        await self.people.post(PROGRAMME, f"{PORTAL}/clock", {"hours": by / timedelta(hours=1)})


async def accept(people: People, match_id: str, *who: str) -> None:
    """Both sides accept a match that is offered."""
    for one in who:
        await people.post(one, f"{PORTAL}/matches/{match_id}/answer", {"answer": "accept"})
