"""Wait until containers are healthy and the parts of the installation answer."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import yaml

from deploy.local.folder import ROOT
from shared.contracts.topics import SERVICES
from tests.compose.engine import TrialFailed
from tests.compose.visitor import MAIL, ORIGIN, PROVIDER, PROVIDER_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.compose.engine import Engine

_PATIENCE = 1200.0
_PAUSE = 0.5
_HEALTHY = "healthy"


def staying() -> list[str]:
    """Return the containers that stay, in the order of docker-compose.yml."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return [name for name, each in compose["services"].items() if "healthcheck" in each]


@dataclass(frozen=True)
class Container:
    """One container as the engine sees it."""

    name: str
    id: str
    pid: int
    started: str
    health: str


@dataclass(frozen=True)
class Installation:
    """The containers of one checkout on one engine."""

    engine: Engine
    checkout: Path

    def containers(self) -> list[Container]:
        """Return the containers that stay, by name."""
        listed = self.engine.composed(self.checkout, "ps", "--all", "--quiet", *staying()).split()
        found = json.loads(self.engine.docker("inspect", *listed)) if listed else []
        return sorted((_container(each) for each in found), key=lambda each: each.name)

    def healthy(self) -> bool:
        """Return whether every container that stays is there and healthy."""
        found = self.containers()
        return {each.name for each in found} == set(staying()) and {each.health for each in found} == {_HEALTHY}

    def until_healthy(self) -> float:
        """Wait until everything is healthy and answers, and return the seconds. Raises `TrialFailed`."""
        return _until(lambda: self.healthy() and answers(), "everything is healthy", self._unhealthy)

    def until_answering(self) -> float:
        """Wait until every part answers, and return the seconds. Raises `TrialFailed`."""
        return _until(answers, "every part answers", self._unhealthy)

    def until_mail(self) -> float:
        """Wait until a mail has arrived, and return the seconds. Raises `TrialFailed`."""
        return _until(_has_mail, "a mail has arrived", self._unhealthy)

    def until_caught_up(self) -> float:
        """Wait until every event was sent and read, and return the seconds. Raises `TrialFailed`."""
        return _until(caught_up, "every event has come", self._unhealthy)

    def _unhealthy(self) -> str:
        found = {each.name: each.health for each in self.containers()}
        return ", ".join(f"{name} is {found.get(name, 'missing')}" for name in staying() if found.get(name) != _HEALTHY)

    def kill(self, name: str) -> None:
        """Kill the main process of a container, as the kernel would, and return once the engine has noticed."""
        (before,) = [each for each in self.containers() if each.name == name]
        os.kill(before.pid, signal.SIGKILL)

        def noticed() -> bool:
            return all(each.started != before.started for each in self.containers() if each.name == name)

        _until(noticed, f"{name} is started again", self._unhealthy)


def answers() -> bool:
    """Return whether each part answers a request from this machine: the services by the gateway, sign-in, and mail."""
    addresses = [f"{ORIGIN}/{service}/readyz" for service in SERVICES]
    addresses += [f"{ORIGIN}/static/mark.svg", f"{MAIL}/livez", f"{PROVIDER}/realms/tandem"]
    try:
        for address in addresses:
            headers = {"Host": PROVIDER_NAME} if address.startswith(PROVIDER) else {}
            if httpx2.get(address, headers=headers, timeout=5).status_code != 200:
                return False
    except httpx2.HTTPError:
        return False
    return True


def _has_mail() -> bool:
    return bool(httpx2.get(f"{MAIL}/api/v1/messages", timeout=30).json()["messages"])


def caught_up() -> bool:
    """Return whether each service has sent its events, lacks none and reads; one process a service."""
    try:
        found = [httpx2.get(f"{ORIGIN}/{service}/readyz", timeout=5).json() for service in SERVICES]
    except (httpx2.HTTPError, ValueError):
        return False
    wanted = {"ready": True, "relay": "sends", "reader": "reads", "pending": 0, "dead_letters": 0, "missing": {}}
    return all(wanted.items() <= each.items() for each in found)


def _until(holds: Callable[[], bool], what: str, wrong: Callable[[], str]) -> float:
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > _PATIENCE:
            raise TrialFailed(f"Not within {_PATIENCE:.0f} s: {what}. {wrong()}")
        time.sleep(_PAUSE)
    return time.monotonic() - start


def _container(found: dict[str, Any]) -> Container:
    state = found["State"]
    name = found["Config"]["Labels"]["com.docker.compose.service"]
    health = state.get("Health", {}).get("Status", state["Status"]) if state["Running"] else state["Status"]
    return Container(name, found["Id"], state["Pid"], state["StartedAt"], health)
