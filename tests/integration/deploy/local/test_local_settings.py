"""Test that ports and secrets of a local run are kept, and give each service the settings it needs."""

from __future__ import annotations

import importlib
import socket
from typing import TYPE_CHECKING

import pytest

from deploy.local import settings
from deploy.local.folder import RunFolder
from deploy.local.ports import free_port
from deploy.local.process import ServerFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """An empty place on a free port."""
    monkeypatch.setenv("TANDEM_PORT", str(free_port()))
    return RunFolder(tmp_path)


def test_ports_and_secrets_are_chosen_once(place: RunFolder) -> None:
    """A second start uses the same, so that cookies, tokens and bookmarks stay good."""
    first = settings.choose(place)
    assert settings.choose(place) == first
    assert len(set(first.ports.values())) == len(first.ports)


def test_a_place_from_before_gets_what_is_new(place: RunFolder) -> None:
    """A run that an earlier release began keeps its keys, and gets those that it did not know yet."""
    first = settings.choose(place).secrets
    old = {name: value for name, value in first.items() if not name.startswith("feeds_")}
    place.write("secrets.json", old)
    now = settings.choose(place).secrets
    assert now | old == now
    assert now["feeds_private_key"] not in {"", first["feeds_private_key"]}


def test_only_a_port_in_use_is_replaced(place: RunFolder) -> None:
    """Of the chosen ports only one that another program uses meanwhile is replaced."""
    first = settings.choose(place)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first.ports["matching"]))
        second = settings.choose(place)
    assert {name for name in first.ports if first.ports[name] != second.ports[name]} == {"matching"}


def test_two_runs_in_one_place_are_refused(place: RunFolder) -> None:
    """The lock is the kernel's: it is there while the first run lives, and gone after it."""
    with place, pytest.raises(ServerFailed, match="already runs"), RunFolder(place.folder):
        pass
    with place:
        assert (place / "run.lock").exists()
    assert not (place / "run.lock").exists()


@pytest.mark.parametrize("service", settings.SERVICES)
def test_each_service_gets_the_settings_it_needs(
    place: RunFolder, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings class accepts the environment, and no other service's secret is in it."""
    chosen = settings.choose(place)
    environment = settings.service_environment(chosen, place, service)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = importlib.import_module(f"services.{service}.settings").Settings()
    assert made.port == chosen.ports[service]
    assert made.local
    others = {chosen.secrets[f"database_{name}"] for name in settings.SERVICES if name != service}
    assert not any(secret in value for secret in others for value in environment.values())
    assert ("TANDEM_TICKET_PRIVATE_KEY" in environment) == (service == "applications")
    assert ("TANDEM_FEEDS_PRIVATE_KEY" in environment) == (service == "reporting")
    assert ("TANDEM_SIGNING_KEY" in environment) == (service in {"applications", "reporting"})


def test_a_service_may_have_several_processes(place: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process has a port of its own; the gateway knows all, and services reach the portal through it."""
    monkeypatch.setenv("TANDEM_INSTANCES", "applications:2, matching:3")
    chosen = settings.choose(place)
    assert chosen.processes("applications") == ["applications", "applications-2"]
    assert chosen.processes("reporting") == ["reporting"]
    assert len(chosen.addresses("matching").split()) == 3
    assert len(set(chosen.ports.values())) == len(chosen.ports)
    second = settings.service_environment(chosen, place, "applications", "applications-2")
    assert second["TANDEM_PORT"] == str(chosen.ports["applications-2"])
    assert second["TANDEM_PORTAL_URL"] == f"http://127.0.0.1:{chosen.ports['inside']}"
    monkeypatch.setenv("TANDEM_INSTANCES", "")
    alone = settings.choose(place)
    assert alone.portal == f"http://127.0.0.1:{alone.ports['applications']}"


@pytest.mark.parametrize("wrong", ["portal:2", "applications", "applications:0", "applications:9", "matching:two"])
def test_wrong_numbers_of_processes_are_named(place: RunFolder, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """A wrong service or number stops the start with a sentence that says what to give."""
    monkeypatch.setenv("TANDEM_INSTANCES", wrong)
    with pytest.raises(ServerFailed, match=f"TANDEM_INSTANCES has '{wrong}': give service:number"):
        settings.choose(place)
