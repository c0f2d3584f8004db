"""List everything that the installation must not lose, so that two moments can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2

from shared.contracts.topics import SERVICES
from tests.compose.visitor import MAIL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.compose.engine import Engine


@dataclass(frozen=True)
class Belongings:
    """The names of things by kind: events of each journal, mails, people in Keycloak."""

    found: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, engine: Engine, checkout: Path) -> Belongings:
        """Return what is there now."""

        def rows(database: str, query: str) -> frozenset[str]:
            ask = ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", database, "-Atc", query]
            return frozenset(engine.composed(checkout, "exec", "-T", "postgres", *ask).split())

        events = {f"events of {service}": rows(service, "SELECT id FROM journal ORDER BY id") for service in SERVICES}
        people = rows("keycloak", "SELECT username FROM user_entity ORDER BY username")
        mails = httpx2.get(f"{MAIL}/api/v1/messages", params={"limit": 1000}, timeout=30).json()["messages"]
        return cls(events | {"people": people, "mails": frozenset(str(mail["ID"]) for mail in mails)})

    def lost(self, later: Belongings) -> str:
        """Return in words what was there and is there no longer."""
        gone = {kind: len(names - later.found[kind]) for kind, names in self.found.items()}
        return ", ".join(f"{count} {kind}" for kind, count in gone.items() if count) or "nothing"

    def __str__(self) -> str:
        events = sum(len(names) for kind, names in self.found.items() if kind.startswith("events"))
        return f"{events} events, {len(self.found['mails'])} mails, {len(self.found['people'])} people in Keycloak"
