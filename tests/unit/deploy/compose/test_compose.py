"""Test that docker-compose.yml agrees with the settings classes, the image and the local run."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deploy.compose import secrets
from deploy.local.folder import ROOT
from deploy.local.personas import PERSONAS
from shared.contracts.topics import SERVICES
from shared.identity.token_scopes import SERVICE_SCOPES
from shared.secret_files import SECRETS_DIR, with_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.settings import ServiceSettings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
REALM: dict[str, Any] = json.loads((ROOT / "deploy/compose/realm.json").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")
ONCE = {"setup", "assets", "tools"}
"""Containers that do something and end."""
STAY = sorted(set(COMPOSE["services"]) - ONCE)


def settings_class(service: str) -> type[ServiceSettings]:
    """Return the settings class of a service."""
    found: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    return found


def secrets_of(container: str) -> dict[str, str]:
    """Return the files of a container's secrets, and which secret each is."""
    found = COMPOSE["services"][container].get("secrets", [])
    return {each: each for each in found if isinstance(each, str)} | {
        each["target"]: each["source"] for each in found if not isinstance(each, str)
    }


def given_to(container: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the environment and the secrets of a container."""
    made = folder / "made"
    secrets.write(made)
    for target, source in secrets_of(container).items():
        (folder / target).write_text((made / source).read_text("utf-8"), "utf-8")
    for name, value in COMPOSE["services"][container]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    assert COMPOSE["services"][container]["environment"][SECRETS_DIR] == "/run/secrets"
    monkeypatch.setenv(SECRETS_DIR, str(folder))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_exactly_what_it_needs(service: str) -> None:
    """Each variable and each secret is a setting of the service, and each setting without a default has a value."""
    names = {*COMPOSE["services"][service]["environment"], *secrets_of(service)} - {SECRETS_DIR}
    settings = {name.lower().removeprefix("tandem_") for name in names}
    fields = settings_class(service).model_fields
    assert settings <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= settings


@pytest.mark.parametrize("service", SERVICES)
def test_the_values_make_valid_settings(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings class reads the variables and the files of secrets that compose passes."""
    given_to(service, tmp_path, monkeypatch)
    settings = settings_class(service)()
    made = tmp_path / "made"
    assert settings.port == 8010
    assert settings.database_url.get_secret_value() == (made / f"{service}_database_url").read_text("utf-8")
    assert settings.session_key.get_secret_value() == (made / "session_key").read_text("utf-8")
    assert settings.ticket_public_key.startswith("-----BEGIN PUBLIC KEY-----")
    assert (settings.kafka_security, settings.kafka_user) == ("SASL_PLAINTEXT", service)
    assert settings.kafka_password is not None
    assert settings.kafka_password.get_secret_value() == (made / f"kafka_{service}_password").read_text("utf-8")
    assert settings.gateways == "*", "the gateway is at another address than the service"


def test_the_environment_counts_before_a_file(tmp_path: Path) -> None:
    """A variable that is set is not replaced by a file of its name; other files are left out."""
    (tmp_path / "tandem_session_key").write_text("of the file\n", "utf-8")
    (tmp_path / "tandem_service_token").write_text("of the file\n", "utf-8")
    (tmp_path / "postgres_password").write_text("of the file\n", "utf-8")
    given = {SECRETS_DIR: str(tmp_path), "TANDEM_SESSION_KEY": "of the environment"}
    assert with_secrets(given) == given | {"TANDEM_SERVICE_TOKEN": "of the file"}


def test_the_tools_have_the_settings_that_the_commands_read() -> None:
    """`tandem` finds broker, databases with both roles, anchors and the keys of erasures."""
    names = {*COMPOSE["services"]["tools"]["environment"], *(name.upper() for name in secrets_of("tools"))}
    wanted = {"TANDEM_KAFKA", "TANDEM_ANCHORS", "TANDEM_ERASURE_PRIVATE_KEY", "TANDEM_ERASURE_PUBLIC_KEYS"}
    for service in SERVICES:
        wanted |= {f"TANDEM_DATABASE_URL_{service.upper()}", f"TANDEM_DATABASE_OWNER_URL_{service.upper()}"}
    assert wanted <= names
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert COMPOSE["services"]["tools"]["entrypoint"][0] in scripts
    assert "ENV PATH=/opt/tandem/bin:$PATH" in DOCKERFILE


def test_every_secret_is_a_file_that_the_command_makes(tmp_path: Path) -> None:
    """The command makes exactly the files that compose mounts, and each container names secrets that there are."""
    made = secrets.write(tmp_path / ".secrets")
    assert {name: f".secrets/{name}" for name in made} == {
        name: found["file"] for name, found in COMPOSE["secrets"].items()
    }
    used = {source for container in COMPOSE["services"] for source in secrets_of(container).values()}
    assert used == set(made)


def test_no_secret_is_in_the_environment() -> None:
    """A person who may look at containers sees no password, key or token, and none is written out."""
    kept = {name for found in secrets.groups() for name in found}
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            assert not variable.lower().endswith(tuple(kept)), f"{name} {variable}"
            secret = re.search(r"PASSWORD|SECRET|TOKEN|_KEY", variable)
            assert not secret or variable.endswith(("_FILE", "_DIR")), f"{name} {variable}"
            assert not re.search(r"://[^/]*@", str(value)), f"{name} {variable}"
    given = "BIND|FIRST_COORDINATOR|IATI_ORGANISATION|PROGRAMME_CONTACT"
    given += "|SUPERVISORY_AUTHORITY|DATA_CONTROLLER|DATA_PROTECTION_OFFICER"
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert "${" not in re.sub(rf"\$\{{(TANDEM_({given})|COMPOSE_PROJECT_NAME):-", "", text)


def test_only_the_set_up_has_the_passwords_of_owner_and_administrator() -> None:
    """Services have their own password of the database and of Kafka, and nobody else's."""
    for service in SERVICES:
        others = [f"{name}_" for name in SERVICES if name != service]
        found = set(secrets_of(service).values())
        assert not [name for name in found if name.endswith("_owner_url") or "admin" in name or "postgres" in name]
        assert not [name for name in found if any(other in name for other in others)]


def test_the_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    """Nobody else enters the folder; git and Docker's builds leave it out."""
    folder = tmp_path / ".secrets"
    secrets.write(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}
    ignored = subprocess.run(
        ["git", "check-ignore", ".secrets/session_key", ".env"], cwd=ROOT, capture_output=True, check=False
    )
    assert ignored.stdout.split() == [b".secrets/session_key", b".env"]
    assert {".secrets", ".env"} <= set((ROOT / ".dockerignore").read_text("utf-8").split())


def test_secrets_that_are_there_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """A second run changes nothing, a missing one is made and named, and half of a pair is not completed."""
    folder = tmp_path / ".secrets"
    monkeypatch.setattr("sys.argv", ["secrets", str(folder)])
    secrets.main()
    first = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    secrets.main()
    assert {file.name: file.read_text("utf-8") for file in folder.iterdir()} == first
    (folder / "kafka_tools_password").unlink()
    secrets.main()
    again = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    assert {name for name in first if first[name] != again[name]} == {"kafka_tools_password"}
    assert capsys.readouterr().out.splitlines() == [
        f"{len(first)} secrets are in .secrets. Keep this folder: the data cannot be read without it.",
        f"All {len(first)} secrets were there and are kept.",
        f"{len(first) - 1} secrets were there and are kept. Made, since they were missing: kafka_tools_password.",
    ]
    (folder / "ticket_private_key").unlink()
    with pytest.raises(SystemExit, match="ticket_private_key is missing beside ticket_public_key"):
        secrets.main()


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_is_bounded(name: str) -> None:
    """It has no capability but what its image's start needs, and bounds for memory, processes and logs."""
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert name in {"postgres", "gateway"} or "cap_add" not in service
    assert not service.get("privileged")


@pytest.mark.parametrize("name", STAY)
def test_a_container_comes_back_and_says_how_it_is(name: str) -> None:
    """It is started again after a failure and with the engine, and has a health check that asks it."""
    service = COMPOSE["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    if name in SERVICES:
        assert f"http://127.0.0.1:8010/{name}/readyz" in service["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", STAY)
def test_a_slow_start_is_no_failure(name: str) -> None:
    """A container has five minutes before it is called unhealthy, at which `up` would give up."""
    check = COMPOSE["services"][name]["healthcheck"]
    assert int(check["start_period"].removesuffix("s")) >= 300
    assert int(check["interval"].removesuffix("s")) <= 15, "it is asked often all the same"


def test_services_start_after_the_set_up() -> None:
    """Services start after the set-up, the gateway after the static files, both after what they need is healthy."""
    services = COMPOSE["services"]
    for name in SERVICES:
        assert services[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert services["gateway"]["depends_on"]["assets"] == {"condition": "service_completed_successfully"}
    assert {name: each["condition"] for name, each in services["setup"]["depends_on"].items()} == {
        "postgres": "service_healthy",
        "kafka": "service_healthy",
    }
    assert all(services[name]["restart"] == "no" for name in ONCE)


def test_postgres_is_asked_by_tcp() -> None:
    """Its image makes the databases with a server that listens on a socket only: by socket it seems ready too early."""
    test = COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    assert test[test.index("-h") + 1] == "127.0.0.1"


def test_data_lies_on_volumes() -> None:
    """Each store keeps its data where its volume is."""

    def volumes(name: str) -> dict[str, str]:
        return dict(volume.split(":")[:2] for volume in COMPOSE["services"][name]["volumes"])

    properties = (ROOT / "deploy/compose/kafka.properties").read_text("utf-8")
    assert re.findall(r"^log\.dirs=(.*)$", properties, re.MULTILINE) == [volumes("kafka")["kafka"]]
    assert volumes("kafka")["./deploy/compose/kafka.properties"] == "/mnt/shared/config/server.properties"
    assert not [name for name in COMPOSE["services"]["kafka"]["environment"] if "LOG_DIR" in name]
    # From version 18 on, the image keeps its data in a folder of the version below this one.
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"
    assert volumes("postgres")["postgres"] == "/var/lib/postgresql"
    mail = COMPOSE["services"]["mailpit"]
    assert mail["environment"]["MP_DATABASE"].startswith(f"{volumes('mailpit')['mail']}/")
    assert volumes("matching")["kernels"] == "/var/cache/tandem"
    named = {volume.split(":")[0] for each in COMPOSE["services"].values() for volume in each.get("volumes", [])}
    assert {name for name in named if not name.startswith("./")} == set(COMPOSE["volumes"])


def test_keycloak_runs_as_in_production_and_keeps_its_state() -> None:
    """It runs with a database and a role of its own."""
    keycloak = COMPOSE["services"]["keycloak"]
    assert "kc.sh start --import-realm" in keycloak["command"][0]
    assert keycloak["environment"]["KC_DB"] == "postgres"
    assert keycloak["environment"]["KC_DB_URL"] == "jdbc:postgresql://postgres/keycloak"
    databases = (ROOT / "deploy/compose/databases.sh").read_text("utf-8")
    # After PostgreSQL was away each pooled connection would fail one sign-in.
    assert keycloak["environment"]["QUARKUS_DATASOURCE_JDBC_VALIDATE_ON_BORROW"] == "true"
    assert f"CREATE DATABASE keycloak OWNER {keycloak['environment']['KC_DB_USERNAME']};" in databases


def test_every_secret_of_the_realm_is_given_to_keycloak() -> None:
    """The imported realm names variables, and the start sets each of them from a file."""
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", json.dumps(REALM)))
    script = COMPOSE["services"]["keycloak"]["command"][0]
    given = dict(re.findall(r'export (\w+)="\$\$\(< /run/secrets/(\w+)\)"', script))
    assert wanted <= set(given)
    assert set(given.values()) == set(secrets_of("keycloak"))


def test_the_realm_has_every_persona_who_sets_a_password_first() -> None:
    """The personas of the local run can sign in under their own subjects, and change passwords first."""
    users = {user["id"]: user for user in REALM["users"]}
    assert list(users) == [persona.subject for persona in PERSONAS]
    for persona in PERSONAS:
        user = users[persona.subject]
        assert f"{user['firstName']} {user['lastName']}" == persona.name
        assert user["email"] == persona.claims["email"]
        # `temporary` has no effect on users that are imported.
        assert user["requiredActions"] == ["UPDATE_PASSWORD"]
        assert user["credentials"] == [{"type": "password", "value": "${TANDEM_INITIAL_PASSWORD}"}]


def test_tokens_of_the_realm_are_for_tandem() -> None:
    """Access tokens name the audience that the services ask for."""
    (client,) = REALM["clients"]
    assert client["clientId"] == COMPOSE["services"]["applications"]["environment"]["TANDEM_OIDC_CLIENT_ID"]
    (mapper,) = [each for each in client["protocolMappers"] if each["protocolMapper"] == "oidc-audience-mapper"]
    assert mapper["config"]["included.client.audience"] == client["clientId"]
    assert mapper["config"]["access.token.claim"] == "true"


def test_a_program_gets_a_token_for_tandem_with_each_scope() -> None:
    """Any client may ask for the scopes of programs; each adds the audience, and is named in the token."""
    scopes = {scope["name"]: scope for scope in REALM["clientScopes"]}
    assert set(REALM["defaultOptionalClientScopes"]) == set(SERVICE_SCOPES)
    (client,) = REALM["clients"]
    for name in SERVICE_SCOPES:
        (mapper,) = scopes[name]["protocolMappers"]
        assert mapper["protocolMapper"] == "oidc-audience-mapper"
        assert mapper["config"]["included.client.audience"] == client["clientId"]
        assert mapper["config"]["access.token.claim"] == "true"
        assert scopes[name]["attributes"]["include.in.token.scope"] == "true"


def test_the_realm_has_the_scopes_of_every_sign_in() -> None:
    """Keycloak adds no scopes of its own to a realm that names some: subject, names, address and roles are there."""
    scopes = {scope["name"]: scope for scope in REALM["clientScopes"]}
    mappers = {name: {each["protocolMapper"] for each in scope["protocolMappers"]} for name, scope in scopes.items()}
    assert set(REALM["defaultDefaultClientScopes"]) == set(scopes) - set(SERVICE_SCOPES)
    assert "oidc-sub-mapper" in mappers["basic"]
    claims = {
        each["config"].get("claim.name") for name in ("profile", "email") for each in scopes[name]["protocolMappers"]
    }
    assert {"preferred_username", "email", "email_verified"} <= claims
    assert {"oidc-usermodel-realm-role-mapper", "oidc-usermodel-client-role-mapper"} <= mappers["roles"]


def test_the_realm_resets_passwords_by_a_mail_server_that_there_is() -> None:
    """Resetting a password is offered since Keycloak reaches the mail server of the file."""
    assert REALM["resetPasswordAllowed"]
    notifications = COMPOSE["services"]["notifications"]["environment"]
    assert REALM["smtpServer"]["host"] == notifications["TANDEM_SMTP_HOST"]
    assert REALM["smtpServer"]["port"] == notifications["TANDEM_SMTP_PORT"]
    assert REALM["smtpServer"]["host"] in COMPOSE["services"]


def test_ports_are_open_for_this_machine_only() -> None:
    """The gateway listens for other machines only if an operator says so; all other ports never."""
    ports = {name: each["ports"] for name, each in COMPOSE["services"].items() if "ports" in each}
    assert ports.pop("gateway") == ["${TANDEM_BIND:-127.0.0.1}:8000:8000"]
    assert all(port.startswith("127.0.0.1:") for found in ports.values() for port in found)


def test_the_gateway_is_the_same_and_reaches_every_service() -> None:
    """The local run's Caddyfile is mounted, and knows each variable that the gateway gets."""
    gateway = COMPOSE["services"]["gateway"]
    assert "./deploy/gateway/Caddyfile:/etc/caddy/Caddyfile:ro" in gateway["volumes"]
    variables = set(re.findall(r"\{\$(TANDEM_\w+)", (ROOT / "deploy/gateway/Caddyfile").read_text(encoding="utf-8")))
    assert set(gateway["environment"]) <= variables
    assert {f"TANDEM_{service.upper()}" for service in SERVICES} <= set(gateway["environment"])


def _gateway() -> Any:
    """Return the gateway's configuration as Caddy reads it in its container."""
    environment = {
        name: value.replace("${COMPOSE_PROJECT_NAME:-tandem}", COMPOSE["name"])
        for name, value in COMPOSE["services"]["gateway"]["environment"].items()
    }
    done = subprocess.run(
        [Path(sysconfig.get_path("scripts")) / "caddy", "adapt", "--config", ROOT / "deploy/gateway/Caddyfile"],
        env=environment,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_gateway_asks_each_container_of_a_scaled_service() -> None:
    """It knows up to four containers of a service by name, and leaves each aside within a second of its last answer."""
    proxies = [part for part in _parts(_gateway()) if part.get("handler") == "reverse_proxy"]
    addresses = {tuple(upstream["dial"] for upstream in proxy["upstreams"]) for proxy in proxies}
    assert addresses == {tuple(f"tandem-{service}-{n}:8010" for n in range(1, 5)) for service in SERVICES}
    for proxy in proxies:
        active = proxy["health_checks"]["active"]
        assert active["uri"] == f"/{proxy['upstreams'][0]['dial'].split('-')[1]}/livez"
        assert active["interval"] + active["timeout"] <= 1_000_000_000
        assert "retry_match" not in proxy["load_balancing"], "what is sent again by default is a GET"
    scalable = [COMPOSE["services"][service] for service in SERVICES]
    assert not any("container_name" in service or "ports" in service for service in scalable)


def test_names_of_containers_are_not_looked_up_elsewhere() -> None:
    """The engine alone is asked for the name of a container, so that one that is not there is known at once."""
    gateway = COMPOSE["services"]["gateway"]
    assert (gateway["dns_opt"], gateway["dns_search"]) == (["ndots:1"], ["."])
    assert not [name for proxy in _parts(_gateway()) for name in proxy.get("upstreams", []) if "." in name["dial"]]


def test_services_reach_the_portal_by_the_gateway() -> None:
    """A container of the portal that stalls is left aside for them too; no other machine reaches that port."""
    inside = COMPOSE["services"]["gateway"]["environment"]["TANDEM_INSIDE"]
    servers = _gateway()["apps"]["http"]["servers"].values()
    (server,) = [each for each in servers if each["routes"][0]["match"] == [{"host": ["gateway"]}]]
    assert (inside, server["listen"]) == ("http://gateway:8009", ["0.0.0.0:8009"])
    for service in SERVICES:
        assert COMPOSE["services"][service]["environment"]["TANDEM_PORTAL_URL"] == inside
    assert not [port for port in COMPOSE["services"]["gateway"]["ports"] if "8009" in port]


def _parts(found: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON document, the outer ones first."""
    if isinstance(found, dict):
        yield found
    for part in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _parts(part)


def test_every_file_that_compose_mounts_or_runs_is_there() -> None:
    """Mounted files, the Dockerfile, the commands' modules and the file of the gateway's health check exist."""
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (ROOT / source).exists(), name
        command = service.get("command", [])
        if "python" in command:
            assert importlib.util.find_spec(command[command.index("python") + 2]) is not None
        if command and command[0].startswith("deploy/"):
            assert (ROOT / command[0]).stat().st_mode & 0o111
    # PostgreSQL's image runs what it may execute, and reads all else into its own script.
    assert (ROOT / "deploy/compose/databases.sh").stat().st_mode & 0o111
    static = COMPOSE["services"]["gateway"]["healthcheck"]["test"][-1].rpartition("/static/")[2]
    assert (ROOT / "shared/web/static" / static).is_file()


def test_an_image_without_root_may_write_into_its_volumes() -> None:
    """A new volume belongs to root unless the image has its folder for the user that it runs as."""
    assert re.search(r"^USER tandem$", DOCKERFILE, re.MULTILINE)
    owned = set(re.findall(r"chown tandem ([^\n\\&]+)", DOCKERFILE)[0].split())
    for name, service in COMPOSE["services"].items():
        if service["image"] == "tandem:local":
            assert service["read_only"]
            written = [volume.split(":") for volume in service.get("volumes", [])]
            assert {parts[1] for parts in written if not parts[0].startswith("./") and len(parts) == 2} <= owned, name


def test_compiled_loops_are_kept_for_each_image(tmp_path: Path) -> None:
    """The image's loops are copied once; what is added stays, and another image has a folder of its own."""
    image, kept = tmp_path / "image", tmp_path / "kept"
    (image / "compiled").mkdir(parents=True)
    kept.mkdir()
    (image / "compiled" / "loop.nbc").write_text("of the image", "utf-8")

    def start(version: str) -> Path:
        (image / "version").write_text(f"{version}\n", "utf-8")
        done = subprocess.run(
            [ROOT / "deploy/compose/kernels.sh", "printenv", "NUMBA_CACHE_DIR"],
            env={"PATH": "/usr/bin:/bin", "KERNELS_OF_IMAGE": str(image), "KERNELS_KEPT": str(kept)},
            capture_output=True,
            text=True,
            check=True,
        )
        return Path(done.stdout.strip())

    first = start("one")
    (first / "loop.nbc").write_text("of another processor", "utf-8")
    assert start("one") == first
    assert (first / "loop.nbc").read_text("utf-8") == "of another processor"
    second = start("two")
    assert second != first
    assert (second / "loop.nbc").read_text("utf-8") == "of the image"
    assert sorted(kept.iterdir()) == [first, second]
    assert "deploy/compose/kernels.sh" in COMPOSE["services"]["matching"]["command"]


def test_postgres_makes_every_database_at_its_first_start() -> None:
    """Its image runs the script, which finds the password of each role; errors repeat no rows in the log."""
    postgres = COMPOSE["services"]["postgres"]
    assert "./deploy/compose/databases.sh:/docker-entrypoint-initdb.d/databases.sh:ro" in postgres["volumes"]
    wanted = {f"{service}_database{role}_url" for service in SERVICES for role in ("", "_owner")}
    assert set(secrets_of("postgres")) == wanted | {"postgres_password", "keycloak_database_password"}
    assert "log_error_verbosity=terse" in postgres["command"]


def test_browsers_and_services_know_one_issuer() -> None:
    """Keycloak imports the realm and names itself as the services do; they reach it by that name."""
    keycloak = COMPOSE["services"]["keycloak"]
    assert "./deploy/compose/realm.json:/opt/keycloak/data/import/realm.json:ro" in keycloak["volumes"]
    for name in (*SERVICES, "tools"):
        issuer = COMPOSE["services"][name]["environment"]["TANDEM_OIDC_ISSUER"]
        assert issuer == f"{keycloak['environment']['KC_HOSTNAME']}/realms/{REALM['realm']}"
    assert keycloak["networks"]["default"]["aliases"] == ["keycloak.localhost"]
    assert keycloak["environment"]["KC_HOSTNAME"].startswith("http://keycloak.localhost:")


def test_the_realm_lets_in_by_its_own_pages_only() -> None:
    """It leads back to Tandem only, asks for PKCE, takes no passwords from programs, and slows guessing."""
    (client,) = REALM["clients"]
    origin = COMPOSE["services"]["applications"]["environment"]["TANDEM_ORIGIN"]
    assert client["redirectUris"] == [f"{origin}/sign-in/callback"]
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not client["publicClient"]
    assert not client["directAccessGrantsEnabled"]
    assert REALM["bruteForceProtected"]
    assert not REALM["registrationAllowed"]


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("postgres", "pg_isready"),
        ("kafka", "/dev/tcp/localhost/9092"),
        ("keycloak", "GET /health/ready"),
        ("mailpit", "/mailpit readyz"),
        ("gateway", "http://127.0.0.1:8000/static/"),
    ],
)
def test_a_health_check_asks_the_program_itself(name: str, question: str) -> None:
    """It asks the program that serves, and starts no Java for it."""
    test = " ".join(COMPOSE["services"][name]["healthcheck"]["test"])
    assert question in test
    assert not re.search(r"java|kafka-\w+\.sh|kc\.sh", test)


def test_capabilities_are_those_of_a_start() -> None:
    """Two images need some to start, and no container is given another user than that of its image."""
    added = {name: set(each["cap_add"]) for name, each in COMPOSE["services"].items() if "cap_add" in each}
    wanted = {"postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}, "gateway": {"NET_BIND_SERVICE"}}
    assert added == wanted
    assert not [name for name, each in COMPOSE["services"].items() if "user" in each]


def test_anchors_lie_on_a_volume() -> None:
    """Services and tools share the folder of anchors."""
    for name in (*SERVICES, "tools"):
        service = COMPOSE["services"][name]
        assert f"anchors:{service['environment']['TANDEM_ANCHORS']}" in service["volumes"]
