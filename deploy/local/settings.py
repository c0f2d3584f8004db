"""Choose ports and secrets once, and give each process of the local run its environment."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.local.ports import HOST, free_port, holder, is_free
from deploy.local.postgres import Passwords, owner_of
from deploy.local.process import ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.local.folder import RunFolder

SERVICES = ("applications", "matching", "notifications", "reporting")
_INNER = ("postgres", "kafka", "kafka_controller", "smtp", "identity", "mail", *SERVICES)
# People open these two; they get the same number each time if they can: the gateway's plus this.
_BESIDE = {"mail": 25, "identity": 90}
_MOST_INSTANCES = 8
_INSIDE = "inside"
"""The port at which services reach the portal through the gateway, where the portal has several processes."""


@dataclass(frozen=True)
class RunSettings:
    """The ports and secrets of one local run."""

    ports: dict[str, int]
    secrets: dict[str, str]
    instances: Mapping[str, int] = field(default_factory=dict)
    """Numbers of processes, of the services that have more than one."""

    @property
    def origin(self) -> str:
        """The address at which people reach Tandem."""
        return f"http://localhost:{self.ports['gateway']}"

    @property
    def issuer(self) -> str:
        """The sign-in provider: under another host name than the pages, so that it never sees their cookies."""
        return f"http://{HOST}:{self.ports['identity']}"

    @property
    def mail(self) -> str:
        """The address at which caught mail is read."""
        return f"http://localhost:{self.ports['mail']}"

    def processes(self, service: str) -> list[str]:
        """Return the names of a service's processes, which are those of their ports: `matching`, `matching-2`."""
        return processes(service, self.instances.get(service, 1))

    def addresses(self, service: str) -> str:
        """Return where the gateway finds a service: `host:port` of each process, parted by spaces."""
        return " ".join(f"{HOST}:{self.ports[name]}" for name in self.processes(service))

    @property
    def portal(self) -> str:
        """The address at which services reach the portal: one that outlasts a process where there are several."""
        return f"http://{HOST}:{self.ports[_INSIDE if self.instances.get('applications', 1) > 1 else 'applications']}"

    def database(self, service: str) -> str:
        """Return the address of a service's own database, with the role under which it runs."""
        return self._database(service, service, self.passwords(service).serving)

    def database_of_owner(self, service: str) -> str:
        """Return the address of a service's own database, with the role that migrates it."""
        return self._database(service, owner_of(service), self.passwords(service).owner)

    def passwords(self, service: str) -> Passwords:
        """Return the passwords of the two roles of a service's database."""
        return Passwords(self.secrets[f"database_owner_{service}"], self.secrets[f"database_{service}"])

    def _database(self, service: str, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@{HOST}:{self.ports['postgres']}/{service}"


def choose(place: RunFolder) -> RunSettings:
    """Return ports and secrets of the run in `place`: the last run's, or new ones where missing or taken.

    Raises `ServerFailed` if the gateway's port (`TANDEM_PORT`, default 8000) is invalid or taken, or if
    `TANDEM_INSTANCES` is invalid.
    """
    instances = instances_in(os.environ.get("TANDEM_INSTANCES", ""))
    return RunSettings(_ports(place, instances), _secrets(place), instances)


def processes(service: str, count: int) -> list[str]:
    """Return the names of so many processes of a service."""
    return [service, *(f"{service}-{number}" for number in range(2, count + 1))]


def instances_in(text: str) -> dict[str, int]:
    """Return the numbers of processes in a text such as `applications:2,matching:2`, by service.

    Raises `ServerFailed` for anything else.
    """
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        service, _, count = part.partition(":")
        if service not in SERVICES or not count.isdecimal() or not 1 <= int(count) <= _MOST_INSTANCES:
            raise ServerFailed(
                f"TANDEM_INSTANCES has {part!r}: give service:number, such as applications:2, with a number from 1 to"
                f" {_MOST_INSTANCES}. The services are {', '.join(SERVICES)}."
            )
        found[service] = int(count)
    return found


def _gateway() -> int:
    text = os.environ.get("TANDEM_PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ServerFailed(f"TANDEM_PORT is {text!r}: give a number from 1 to 65535.")
    port = int(text)
    if port < 1024 and os.geteuid() != 0:
        raise ServerFailed(f"Only root may listen on port {port}. Set TANDEM_PORT to a number above 1023.")
    if not is_free(port):
        program = holder(port)
        by = f"by {program}" if program else "by another program"
        raise ServerFailed(
            f"Port {port} is taken {by}. Stop it, or choose another port: TANDEM_PORT={port + 100} make run"
        )
    return port


def _ports(place: RunFolder, instances: Mapping[str, int]) -> dict[str, int]:
    before = place.read("ports.json") or {}
    ports = {"gateway": _gateway()}
    more = [name for service, count in instances.items() for name in processes(service, count)[1:]]
    for name in (*_INNER, _INSIDE, *more):
        taken = set(ports.values())
        for wanted in (ports["gateway"] + _BESIDE[name] if name in _BESIDE else None, before.get(name)):
            if wanted is not None and wanted < 65_536 and wanted not in taken and is_free(wanted):
                ports[name] = wanted
                break
        else:
            ports[name] = free_port(taken | set(before.values()))
    place.write("ports.json", ports)
    return ports


def _secrets(place: RunFolder) -> dict[str, str]:
    kept: dict[str, str] = place.read("secrets.json") or {}
    wanted = {"postgres", "oidc_client", "service_token", "counting"}
    wanted |= {f"database_{role}{service}" for service in SERVICES for role in ("", "owner_")}
    made = {name: secrets.token_urlsafe(32) for name in wanted - kept.keys()}
    if "session_key" not in kept:
        made["session_key"] = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    if not {"ticket_private_key", "feeds_private_key", "erasure_private_key", "signing_key"} <= kept.keys():
        from deploy.signing import ed25519_keys, signing_keys  # noqa: PLC0415 - the first start only

        pairs = [ed25519_keys(name) for name in ("ticket", "feeds", "erasure")]
        for keys in (*pairs, signing_keys("Tandem, a local run")):
            if not keys.keys() & kept.keys():  # a pair is made whole or left as it is
                made |= keys
    if made:
        place.write("secrets.json", kept | made)
    return kept | made


def shared_environment(chosen: RunSettings, place: RunFolder) -> dict[str, str]:
    """Return the environment of all four services and the tools (`tandem clock`, `journey`, `events`, ...)."""
    return {
        "TANDEM_LOCAL": "true",
        "TANDEM_DATA": str(place.folder),
        "TANDEM_ORIGIN": chosen.origin,
        "TANDEM_KAFKA": f"{HOST}:{chosen.ports['kafka']}",
        "TANDEM_CLOCK_FILE": str(place / "clock"),
        "TANDEM_ANCHORS": str(place / "anchors"),
        "TANDEM_SESSION_KEY": chosen.secrets["session_key"],
        "TANDEM_OIDC_ISSUER": chosen.issuer,
        "TANDEM_OIDC_CLIENT_ID": "tandem",
        "TANDEM_OIDC_CLIENT_SECRET": chosen.secrets["oidc_client"],
        "TANDEM_TICKET_PUBLIC_KEY": chosen.secrets["ticket_public_key"],
        "TANDEM_SERVICE_TOKEN": chosen.secrets["service_token"],
        "TANDEM_PORTAL_URL": chosen.portal,
        "TANDEM_DATABASE_POOL": "6",  # each connection is a process of PostgreSQL with caches of its own
        "TANDEM_DATABASE_IDLE_SECONDS": "60",
        "TANDEM_API_REQUESTS": "0",  # the sample programme is entered faster than any program may be
        "TANDEM_MAIL_URL": chosen.mail,
        "TANDEM_BOUNCE_ADDRESS": "bounces@tandem.example",
        **{f"TANDEM_{name.upper()}_URL": f"http://{HOST}:{chosen.ports[name]}" for name in SERVICES},
    }


def tools_environment(chosen: RunSettings, place: RunFolder) -> dict[str, str]:
    """Return the environment of `tandem`: the shared part, both addresses of each database, the key of erasures."""
    databases = {f"TANDEM_DATABASE_URL_{service.upper()}": chosen.database(service) for service in SERVICES}
    owners = {f"TANDEM_DATABASE_OWNER_URL_{name.upper()}": chosen.database_of_owner(name) for name in SERVICES}
    erasures = {
        "TANDEM_ERASURE_PRIVATE_KEY": chosen.secrets["erasure_private_key"],
        "TANDEM_ERASURE_PUBLIC_KEYS": chosen.secrets["erasure_public_key"],
    }
    return shared_environment(chosen, place) | databases | owners | erasures


def service_environment(
    chosen: RunSettings, place: RunFolder, service: str, process: str | None = None
) -> dict[str, str]:
    """Return the additional environment of a service's process (by default the first): port, database, secrets."""
    own = {
        "TANDEM_HOST": HOST,
        "TANDEM_PORT": str(chosen.ports[process or service]),
        "TANDEM_DATABASE_URL": chosen.database(service),
    }
    if service == "applications":
        own |= {
            "TANDEM_TICKET_PRIVATE_KEY": chosen.secrets["ticket_private_key"],
            "TANDEM_SIGNING_KEY": chosen.secrets["signing_key"],
            "TANDEM_SIGNING_CERTIFICATES": chosen.secrets["signing_certificates"],
            "TANDEM_COUNTING_SECRET": chosen.secrets["counting"],
            "TANDEM_FIRST_COORDINATOR": "persona-programme",
            "TANDEM_PROGRAMME_CONTACT": "Programme office, office@tandem.example",
            "TANDEM_DATA_CONTROLLER": "The agency that runs this fictional programme, controller@tandem.example",
            "TANDEM_DATA_PROTECTION_OFFICER": "Sofia Almeida, protection@tandem.example",
            "TANDEM_SUPERVISORY_AUTHORITY": "A fictional authority, complaints@tandem.example",
            "TANDEM_PERSONAS_FILE": str(place / "personas.json"),
        }
    if service == "reporting":
        own |= {
            "TANDEM_FEEDS_PRIVATE_KEY": chosen.secrets["feeds_private_key"],
            # An example: outside a local run no period is published under it.
            "TANDEM_IATI_ORGANISATION": os.environ.get("TANDEM_IATI_ORGANISATION", "XI-IATI-TANDEM"),
            "TANDEM_SIGNING_KEY": chosen.secrets["signing_key"],
            "TANDEM_SIGNING_CERTIFICATES": chosen.secrets["signing_certificates"],
        }
    if service == "notifications":
        own |= {
            "TANDEM_SMTP_HOST": HOST,
            "TANDEM_SMTP_PORT": str(chosen.ports["smtp"]),
            "TANDEM_SMTP_TLS": "none",
            "TANDEM_MAIL_FROM": "Tandem <no-reply@tandem.example>",
            "TANDEM_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
            # Whoever tries the programme in the evening wants to see its mails.
            "TANDEM_QUIET_HOURS": os.environ.get("TANDEM_QUIET_HOURS", "none"),
        }
    return shared_environment(chosen, place) | own
