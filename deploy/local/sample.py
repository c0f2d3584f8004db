"""Is the sample programme in? It is loaded once a data folder, through the running services, as people would."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from deploy.local.process import ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.local.place import Place

_MARK = "sample.json"


def wanted(place: Place) -> bool:
    """Whether it is still to be loaded: not with `TANDEM_SAMPLE=none`, and not twice."""
    return os.environ.get("TANDEM_SAMPLE") != "none" and (place.read(_MARK) or {}).get("state") != "loaded"


def load(place: Place, env: Mapping[str, str]) -> None:
    """Load it with `tandem sample load`, whose progress bar is seen.

    Raises `ServerFailed` when it fails, or was cut off before: what is in cannot be taken out again.
    """
    if (place.read(_MARK) or {}).get("state") == "begun":
        raise ServerFailed(
            "Loading the sample programme was cut off last time. Start over with: make clean && make run"
        )
    place.write(_MARK, {"state": "begun"})
    command = [sys.executable, "-m", "deploy.cli.main", "sample", "load"]
    done = subprocess.run(command, env={**os.environ, **env}, check=False)
    if done.returncode:
        raise ServerFailed(
            "The sample programme could not be loaded (see above). Start over with: make clean && make run"
        )
    place.write(_MARK, {"state": "loaded"})
