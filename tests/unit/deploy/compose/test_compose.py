"""Test that docker-compose.yml agrees with the settings classes and the local run."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deploy.compose import secrets
from shared.contracts.topics import SERVICES

if TYPE_CHECKING:
    from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[4]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def settings_class(service: str) -> type[ServiceSettings]:
    """Return the settings class of a service."""
    found: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_exactly_the_variables_it_needs(service: str) -> None:
    """Each variable is a setting of the service, and each setting without a default has its variable."""
    settings = {name.removeprefix("TANDEM_").lower() for name in COMPOSE["services"][service]["environment"]}
    fields = settings_class(service).model_fields
    assert settings <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= settings


@pytest.mark.parametrize("service", SERVICES)
def test_the_values_make_valid_settings(service: str) -> None:
    """With the secrets filled in, the settings class accepts what compose would pass."""
    filled = secrets.environment()
    environment: dict[str, Any] = {
        name.removeprefix("TANDEM_").lower(): re.sub(r"\$\{(\w+)[^}]*\}", lambda m: filled[m[1]], str(value))
        for name, value in COMPOSE["services"][service]["environment"].items()
    }
    settings = settings_class(service)(**environment)
    assert settings.port == 8010
    assert f"/{service}" in settings.database_url.get_secret_value()


def test_every_secret_that_compose_asks_for_is_made() -> None:
    """The command for `.env` makes exactly the variables that the file reads."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == set(secrets.environment())


def test_no_secret_is_written_out() -> None:
    """Passwords, keys and tokens come from the environment."""
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|PRIVATE_KEY|SESSION_KEY|TOKEN", name):
                assert str(value).startswith("${"), name


def test_the_gateway_is_the_same_and_reaches_every_service() -> None:
    """The local run's Caddyfile is mounted, with an address for each service."""
    gateway = COMPOSE["services"]["gateway"]
    assert "./deploy/gateway/Caddyfile:/etc/caddy/Caddyfile:ro" in gateway["volumes"]
    variables = set(re.findall(r"\{\$(TANDEM_\w+)", (ROOT / "deploy/gateway/Caddyfile").read_text(encoding="utf-8")))
    for service in SERVICES:
        assert gateway["environment"][f"TANDEM_{service.upper()}"] == f"{service}:8010"
        assert f"TANDEM_{service.upper()}" in variables
    assert set(gateway["environment"]) <= variables


def test_every_file_that_compose_mounts_or_runs_is_there() -> None:
    """Mounted files, the Dockerfile and the commands' modules exist."""
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (ROOT / source).exists(), name
        command = service.get("command", [])
        if command[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(command[2]) is not None
    assert (ROOT / "deploy/compose/Dockerfile").exists()


def test_an_image_without_root_may_write_into_its_volumes() -> None:
    """A new volume belongs to root unless the image has its folder for the user that it runs as."""
    image = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")
    owned = set(re.findall(r"chown tandem ([^\n\\&]+)", image)[0].split())
    for name, service in COMPOSE["services"].items():
        if service["image"] == "tandem:local":
            written = [volume.split(":") for volume in service.get("volumes", [])]
            assert {parts[1] for parts in written if not parts[0].startswith("./") and len(parts) == 2} <= owned, name


def test_the_secrets_print_as_an_env_file() -> None:
    """The command prints one assignment a variable; keys of several lines are quoted."""
    printed = subprocess.run(
        [sys.executable, "-m", "deploy.compose.secrets"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert set(re.findall(r"^([A-Z_]+)=", printed, re.MULTILINE)) == set(secrets.environment())
    assert 'TANDEM_TICKET_PRIVATE_KEY="-----BEGIN' in printed
