"""Make a cache of Apache Kafka's loaded and linked classes (JEP 514), so that it starts faster.

`make setup` calls this: it starts the broker in a temporary folder and stops it, and Java stores what it had loaded.
The cache fits one Java and one set of jars; otherwise Java does without it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from deploy.local.kafka import CACHE, Broker
from deploy.local.ports import free_port
from deploy.local.process import ServerFailed


def make_class_cache() -> None:
    """Make the cache anew. Raises `ServerFailed` if the broker does not start."""
    CACHE.unlink(missing_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tandem-kafka-"))
    draft = folder / CACHE.name
    try:
        broker = Broker(folder, free_port(), free_port(), log=folder / "kafka.log", keep_classes_in=draft)
        broker.start()
        broker.stop(timeout=120)  # as it ends, Java writes the cache
        if draft.exists():
            shutil.move(draft, CACHE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        make_class_cache()
    except ServerFailed as error:
        print(f"Apache Kafka will start more slowly than it could: {error}")
