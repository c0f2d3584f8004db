"""Start many processes of a service as forks of one that has imported it, which saves the imports.

A service's own start begins with nothing (`spawn`). That is tried too: in `unit/matching/background/test_processes.py`,
`integration/matching/interventions/test_what_if.py` and one test of
`integration/reporting/approval/test_restatements.py`.
"""

from __future__ import annotations

import multiprocessing
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.context import ForkServerContext


def forked(*modules: str) -> ForkServerContext:
    """Return a context that forks processes from one that has these modules already.

    There is one process to fork from; if it runs already, for another service, the modules are imported as usual.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


def instead_of_spawned(*modules: str) -> SimpleNamespace:
    """Return a replacement for the module `multiprocessing` in a module that asks it for `spawn`."""
    return SimpleNamespace(get_context=lambda _: forked(*modules))


def take_environment(environment: Mapping[str, str]) -> None:
    """Take the environment of the test, which differs from that of the process it was forked from."""
    os.environ.update(environment)
