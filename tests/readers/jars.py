"""Fetch the Java libraries by which tests read calendars and verify mails, and check them against the lock file.

`python -m tests.readers.jars lock` resolves the coordinates again and writes the lock.
"""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.kafka import jars

# A reader of calendars, a verifier of DKIM signatures, and the compiler of the programs that use them.
COORDINATES = (
    "net.sf.biweekly:biweekly:0.6.8",
    "org.apache.james.jdkim:apache-jdkim-library:0.5",
    "org.eclipse.jdt:ecj:3.42.0",
)
LOCK = Path(__file__).with_name("jars.lock")


def fetch() -> list[Path]:
    """Return the paths of the jars; fetch missing ones and check every one. Raises `jars.JarsWrong`."""
    return jars.fetch(LOCK)


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        jars.lock("tests.readers.jars", COORDINATES, LOCK)
    print(f"{len(fetch())} jars of the tests are here and are the ones that {LOCK.name} names.")
