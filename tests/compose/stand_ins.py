"""Build stand-ins for the images that docker-compose.yml and the Dockerfile name, where no registry of images answers.

Each has the name of the image that it replaces. They come from Debian's packages, from Maven (Apache Kafka,
Keycloak) and from the Python packages of the local run (PostgreSQL, Caddy).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from jgo.maven import MavenContext

from deploy.kafka import jars
from deploy.local import postgres
from deploy.local.folder import ROOT
from tests.compose.engine import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.compose.engine import Engine

RELEASE = "trixie"
DEBIAN, JAVA = "stand-in:debian", "stand-in:java"
OURS = "tandem:local"
_FILES = Path(__file__).with_name("images")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_TRUSTING = ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


def named() -> dict[str, str]:
    """Return the images of others by what they are: of each container, and `python` for the base of ours."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    found = {name: str(each["image"]) for name, each in compose["services"].items() if each["image"] != OURS}
    bases = set(re.findall(r"^FROM (\S+)", (ROOT / "deploy/compose/Dockerfile").read_text("utf-8"), re.MULTILINE))
    (found["python"],) = bases
    return found


class StandIns:
    """Builds the stand-ins on one engine; those that are there already stay."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._images = named()

    def base(self) -> None:
        """Build the base of our image, the bases of others, and fetch Compose."""
        if not self._present(DEBIAN):
            self._debian()
        self._build("python", self._images["python"])
        self._engine.compose = self._compose()

    def others(self) -> None:
        """Build the images of others; our own must be there, as the mail catcher stands on it."""
        self._build("java", JAVA)
        self._build("postgres", self._images["postgres"], _postgres)
        self._build("kafka", self._images["kafka"], _kafka)
        self._build("keycloak", self._images["keycloak"], self._keycloak)
        self._build("gateway", self._images["gateway"], _caddy)
        self._build("mailpit", self._images["mailpit"])

    def _present(self, image: str) -> bool:
        try:
            self._engine.docker("image", "inspect", image)
        except TrialFailed:
            return False
        return True

    def _debian(self) -> None:
        root, packed = self._engine.folder / "debian", self._engine.folder / "debian.tar"
        shutil.rmtree(root, ignore_errors=True)
        with (self._engine.folder / "debootstrap.log").open("wb") as log:
            command: list[str | Path] = ["debootstrap", "--variant=minbase", "--include=ca-certificates", RELEASE, root]
            if subprocess.run(command, stdout=log, stderr=log, check=False).returncode:
                raise TrialFailed(f"debootstrap failed: see {log.name}.")
        # Whoever stands between this machine and the registries is trusted in the images too.
        shutil.copyfile(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
        subprocess.run(["tar", "--create", "--file", packed, "--directory", root, "."], check=True)
        trusting = [part for name in _TRUSTING for part in ("--change", f"ENV {name}={_CERTIFICATES}")]
        self._engine.docker("import", *trusting, packed, DEBIAN)
        packed.unlink()
        shutil.rmtree(root)

    def _build(self, name: str, image: str, fill: Callable[[Path], None] | None = None) -> None:
        if self._present(image):
            return
        context = self._engine.folder / "context"
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(_FILES, context)
        if fill is not None:
            fill(context)
        # The builds' network is the machine's: they fetch packages.
        file = context / f"{name}.Dockerfile"
        self._engine.docker("build", "--network", "host", "--tag", image, "--file", file, context, patience=1800)
        shutil.rmtree(context)

    def _compose(self) -> list[str]:
        """Return the command of the machine's own Compose, or of that of Debian's package."""
        own = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
        if own.returncode == 0:
            return ["docker", "compose"]
        place = self._engine.folder / "compose"
        if not place.exists():
            place.mkdir()
            fetch = "apt-get update -q && cd /tmp && apt-get download docker-compose && dpkg -x *.deb /out"
            # Its libraries too, in case this machine has older ones.
            libraries = "cp -rL /lib/x86_64-linux-gnu /out/lib && cp -L /lib64/ld-linux-x86-64.so.2 /out/loader"
            here = ["run", "--rm", "--network", "host", "--volume", f"{place}:/out", DEBIAN]
            self._engine.docker(*here, "sh", "-c", f"{fetch} && {libraries}")
        program = place / "usr/libexec/docker/cli-plugins/docker-compose"
        return [str(place / "loader"), "--library-path", str(place / "lib"), str(program)]

    def _keycloak(self, context: Path) -> None:
        version = self._images["keycloak"].rpartition(":")[2]
        project = MavenContext(timeout=120).project("org.keycloak", "keycloak-quarkus-dist").at_version(version)
        packed = Path(project.artifact(packaging="tar.gz").resolve())
        with tarfile.open(packed) as archive:
            archive.extractall(context, filter="data")
        (context / f"keycloak-{version}").rename(context / "keycloak")
        (context / "keycloak" / "data" / "import").mkdir(parents=True, exist_ok=True)


def _postgres(context: Path) -> None:
    """Copy the server as it lies in its package: it finds its libraries beside it."""
    package = postgres.BINARIES.parents[1]
    for folder in (postgres.BINARIES.parent, package.with_name(f"{package.name}.libs")):
        target = context / "postgresql" / folder.relative_to(package.parent)
        shutil.copytree(folder, target, symlinks=True)


def _kafka(context: Path) -> None:
    (context / "libs").mkdir()
    for jar in jars.fetch():
        shutil.copyfile(jar, context / "libs" / jar.name)


def _caddy(context: Path) -> None:
    shutil.copyfile(Path(sysconfig.get_path("scripts")) / "caddy", context / "caddy")
