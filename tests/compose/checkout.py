"""Lay out a copy of this checkout for the trial, with people of the journey in Keycloak's realm."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from deploy.cli.journey.cast import CAST
from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TOKENS_CLIENT = "trial"
"""A client of Keycloak by which the trial gets tokens of people whose password it knows."""


def lay_out(folder: Path) -> Path:
    """Copy the files that git knows of, as they are now, and return the folder; secrets of an earlier trial stay."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    _add_people(folder / "deploy" / "compose" / "realm.json")
    return folder


def _add_people(file: Path) -> None:
    """Add those who act in `tandem journey`, with the first password, and a client that gives tokens for it."""
    realm = json.loads(file.read_text("utf-8"))
    for member in CAST:
        realm["users"].append(
            {
                "id": member.subject,
                "username": member.subject,
                "enabled": True,
                "emailVerified": True,
                "email": member.email,
                "firstName": "Test",
                "lastName": member.name.removeprefix("Test "),
                "credentials": [{"type": "password", "value": "${TANDEM_INITIAL_PASSWORD}"}],
            }
        )
    (tandem,) = realm["clients"]
    realm["clients"].append(
        {
            "clientId": TOKENS_CLIENT,
            "enabled": True,
            "protocol": "openid-connect",
            "publicClient": True,
            "standardFlowEnabled": False,
            "directAccessGrantsEnabled": True,
            "attributes": {"access.token.lifespan": "3600"},
            "protocolMappers": tandem["protocolMappers"],
        }
    )
    file.write_text(json.dumps(realm, indent=2), "utf-8")
