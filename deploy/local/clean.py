"""Remove the data folder of a local run, unless a run is using it."""

from __future__ import annotations

import shutil
import sys

from deploy.local import stale_processes
from deploy.local.folder import MADE_FIRST, RunFolder
from deploy.local.process import ServerFailed


def main() -> int:
    """Remove the folder that `TANDEM_DATA` names; print what was done, or why not."""
    place = RunFolder.of_environment()
    if not place.folder.exists():
        print(f"{place.folder} is not there: nothing to remove.")
        return 0
    # A typing error in TANDEM_DATA must not remove somebody's folder.
    if not (place / "ports.json").exists() and {each.name for each in place.folder.iterdir()} - MADE_FIRST:
        print(f"{place.folder} does not look like Tandem's data; it is left alone.", file=sys.stderr)
        return 1
    try:
        with place:
            stale_processes.end(place)
            shutil.rmtree(place.folder)
    except ServerFailed as error:
        print(f"Nothing was removed: {error}", file=sys.stderr)
        return 1
    print(f"{place.folder} is removed; the next start begins from scratch.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
