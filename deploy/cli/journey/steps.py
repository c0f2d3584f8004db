"""Print and time the steps of the journey."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from deploy.cli.client import Refused
from deploy.cli.system import Failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from deploy.cli.client import People

PORTAL = "/applications/api/v1"
_STANDS = 409
PROGRAMME = "persona-programme"
"""The programme coordinator of the installation, who opens the call of the journey and closes it."""


@dataclass
class Journey:
    """One journey: who acts, and how many steps were done."""

    people: People
    movable: bool
    began: float = field(default_factory=monotonic)
    steps: int = 0
    undo: list[tuple[str, str, dict[str, str] | None]] = field(default_factory=list)
    """The requests that remove things again, in the order in which they were made: person, address, form."""

    @asynccontextmanager
    async def step(self, words: str) -> AsyncIterator[None]:
        """Run a step and print it with its time; a failure is printed with the step's words."""
        self.steps += 1
        start = monotonic()
        try:
            yield
        except Failed as error:
            print(f"{self.steps:>3}  {words:<72} failed", flush=True)
            raise Failed(f"step {self.steps} ({words}): {error}") from error
        print(f"{self.steps:>3}  {words:<72} {monotonic() - start:6.2f} s", flush=True)

    def note(self, words: str) -> None:
        """Print a line that is not a step."""
        print(f"     {words}", flush=True)

    async def wait_for(
        self,
        what: str,
        person: str,
        path: str,
        find: Callable[[Any], Any],
        *,
        params: Mapping[str, object] | None = None,
        timeout: float = 45.0,  # noqa: ASYNC109 - the wait itself is the purpose
    ) -> Any:
        """Return what `find` gives of the answer at `path`, once it gives something.

        Raises `Failed` after `timeout` seconds.
        """

        async def look() -> Any:
            return find(await self.people.get(person, path, **(params or {})))

        return await self.people.until(what, look, timeout=timeout)

    async def state(self, path: str, person: str, *wanted: str) -> None:
        """Wait until the resource at `path` is in one of the states `wanted`."""
        await self.wait_for(
            f"state {' or '.join(wanted)} at {path}",
            person,
            path,
            lambda case: case["state"] in wanted,
        )

    async def figure(self, indicator: str) -> int:
        """Return a figure's total over the whole programme, which those who steer it read before publication."""
        found = await self.people.get(PROGRAMME, f"/reporting/api/v1/indicators/{indicator}", period="programme")
        return int(found["value"] or 0)

    async def counts(self, indicator: str, application_id: str, type_: str, *, wanted: bool = True) -> None:
        """Wait until a figure counts (or, not `wanted`, no longer counts) the application's event of that type.

        Only the events that the figure names are looked at, so that others may work meanwhile.
        """

        async def look() -> bool:
            story = await self.people.get(PROGRAMME, f"/reporting/api/v1/journey/{application_id}")
            ours = {event["id"] for event in story["events"] if event["type"] == type_}
            behind = await self.people.get(
                PROGRAMME, f"/reporting/api/v1/indicators/{indicator}/events", period="programme"
            )
            return bool(ours) and bool(ours & set(behind["events"])) is wanted

        await self.people.until(f"{indicator} {'counts' if wanted else 'no longer counts'} {type_}", look)

    async def move_clock(self, by: timedelta) -> None:
        """Move the local clock, as the programme coordinator does on the page."""
        await self.people.post(PROGRAMME, f"{PORTAL}/clock", {"hours": by / timedelta(hours=1)})

    def void_when_done(self, application_id: str) -> None:
        """Note that an application is a test, to be taken out at the end."""
        self.undo.append((PROGRAMME, f"{PORTAL}/applications/{application_id}/void", {"reason": "test"}))

    def void_offer_when_done(self, offer_id: str) -> None:
        """Note that a placement is a test, to be taken out after the applications whose visits stand by it."""
        first = next((at for at, (_, path, _) in enumerate(self.undo) if path.endswith("/void")), len(self.undo))
        self.undo.insert(first, (PROGRAMME, f"{PORTAL}/offers/{offer_id}/void", {"reason": "test"}))

    async def take_out(self) -> None:
        """Remove what was created, the newest first. Raises `Failed`."""
        while self.undo:
            await self._undo(*self.undo.pop())

    async def _undo(self, person: str, path: str, body: dict[str, str] | None) -> None:
        """Remove one thing; a placement once its visit (409) is removed too."""
        if "/offers/" not in path:
            await self.people.post(person, path, body)
            return

        async def gone() -> bool:
            try:
                await self.people.post(person, path, body)
            except Refused as error:
                if error.status != _STANDS:
                    raise
                return False
            return True

        await self.people.until(f"an answer of {path}", gone)

    async def take_out_what_can_be(self) -> None:
        """Do the same after a failed journey, and name what cannot be removed."""
        while self.undo:
            try:
                await self._undo(*self.undo.pop())
            except Failed as error:
                self.note(f"Left behind: {error}")


async def accept(people: People, match_id: str, *subjects: str) -> None:
    """Accept an offered match on both sides."""
    for person in subjects:
        await people.post(person, f"{PORTAL}/matches/{match_id}/answer", {"answer": "accept"})
