"""Write into the installation all the time while a part of it is away, and read everything back afterwards."""

from __future__ import annotations

import asyncio
import threading
from secrets import token_hex
from typing import TYPE_CHECKING, Self

from deploy.cli.client import People
from deploy.cli.journey.steps import PORTAL, PROGRAMME
from deploy.cli.system import Failed, System
from tests.compose.visitor import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_PAUSE = 0.5


class Writer:
    """Enters one organisation after the other, each once however often it must be sent. A context manager.

    It acts as the coordinator, whose access token is in `tokens`.
    """

    def __init__(self, tokens: Path, word: str) -> None:
        self._system = System({"TANDEM_ORIGIN": ORIGIN, "TANDEM_TOKENS_FILE": str(tokens)})
        # Names differ from those of an earlier trial.
        self._word = f"{word} {token_hex(3)}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write()))
        self.confirmed: list[str] = []
        """The names that the installation confirmed."""
        self.refused: list[str] = []
        """What was refused or not answered, in words."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    async def _write(self) -> None:
        async with People(self._system, patience=300) as people:
            number = 0
            while not self._over.is_set():
                number += 1
                name = f"Agency of the trial, {self._word} {number}"
                entry = {"name": name, "kind": "agency", "country": "AM", "city": "Yerevan"}
                try:
                    await people.post(PROGRAMME, f"{PORTAL}/organisations", {"organisations": [entry]})
                except Failed as error:
                    self.refused.append(str(error))
                else:
                    self.confirmed.append(name)
                await asyncio.sleep(_PAUSE)

    def lost(self) -> str:
        """Return in words what was confirmed and is not there, or is there twice."""
        names = asyncio.run(self._present())
        gone = [name for name in self.confirmed if names.count(name) == 0]
        twice = [name for name in self.confirmed if names.count(name) > 1]
        words = [f"{len(gone)} confirmed entries"] if gone else []
        words += [f"{len(twice)} entries made twice"] if twice else []
        words += [f"{len(self.refused)} not taken ({self.refused[0][:200]})"] if self.refused else []
        return ", ".join(words) or "nothing"

    async def _present(self) -> list[str]:
        async with People(self._system) as people:
            return [str(each["name"]) for each in await people.items(PROGRAMME, f"{PORTAL}/organisations")]
