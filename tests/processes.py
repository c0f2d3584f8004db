"""How does a test start many processes of a service? As forks of one that has imported it: two seconds less for each.

What a service starts by itself begins with nothing (`spawn`). That is tried too: in `unit/matching/test_workshop.py`,
`integration/matching/test_what_if.py` and one test of `integration/reporting/test_restatements.py`.
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
    """What starts processes that have these modules already.

    There is one process to fork from; where it runs already, for another service, the modules are imported as usual.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


def instead_of_spawned(*modules: str) -> SimpleNamespace:
    """What stands for the module `multiprocessing` in a module of a service that asks it for `spawn`."""
    return SimpleNamespace(get_context=lambda _: forked(*modules))


def take(environment: Mapping[str, str]) -> None:
    """In the process: take the test's environment, which is not that of the process it was forked from."""
    os.environ.update(environment)
