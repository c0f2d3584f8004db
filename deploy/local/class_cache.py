"""How does Apache Kafka start in half the time? From a cache of its loaded and linked classes (JEP 514), made once.

`make setup` calls this: it starts the broker in a folder that is thrown away, stops it, and Java keeps what it had
loaded. The cache fits one Java and one set of jars; where it does not fit Java does without it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from deploy.local.kafka import CACHE, Broker
from deploy.local.ports import free_port
from deploy.local.process import ServerFailed


def make_class_cache() -> None:
    """Make the cache, in the place of the one that is there. Raises `ServerFailed` when the broker does not start."""
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
