"""Start a service's process: import its app with the garbage collector off, then serve it.

A module of its own, since nothing else is imported before the collector is off.
"""

from __future__ import annotations

import gc
from importlib import import_module


def start(module: str) -> None:
    """Make the app of `module`, e.g. `services.matching.app`, and serve it until the process gets a signal to stop.

    The garbage collector is off meanwhile, since the objects of an app's imports stay for good.
    """
    gc.disable()
    app = import_module(module).create_app()
    from shared.runtime.service import serve  # noqa: PLC0415 - heavy: imported with the app, after the line above

    gc.enable()
    serve(app)
