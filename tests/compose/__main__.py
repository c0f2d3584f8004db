"""Try docker-compose.yml as a whole, with Docker, a browser and Keycloak, and print what came back and what was lost.

    sudo python -m tests.compose                   all of it, 8 to 30 minutes on two cores
    python -m tests.compose --keep                 leave the images for the next trial
    python -m tests.compose --folder /mnt/trial    another folder than /var/tmp/tandem-compose (10 GB)

docs/operating.md says what it needs, and has its last table. It uses an engine of its own, which it stops at the end.
It ends with 1 if a part failed.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tests.compose.engine import Engine
from tests.compose.trial import Trial

if TYPE_CHECKING:
    from types import FrameType

TABLE = Path("build/compose.md")


def main() -> int:
    """Run the trial; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/tandem-compose"))
    parser.add_argument("--keep", action="store_true", help="leave the images for the next trial")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    engine = Engine(chosen.folder)
    trial = Trial(engine, chosen.folder / "checkout")
    try:
        engine.start()
        trial.run()
    finally:
        trial.end()
        engine.stop()
        if not chosen.keep:
            engine.remove()
        else:
            shutil.rmtree(chosen.folder / "checkout", ignore_errors=True)
    text = trial.table()
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(text, "utf-8")
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
    return 1 if trial.failed else 0


def _end(_: int, __: FrameType | None) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
