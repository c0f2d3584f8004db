"""Start many processes of a service as forks of one that has imported it, which saves the imports.

A service's own start begins with nothing (`spawn`). That is tried too: in `unit/matching/background/test_processes.py`,
`integration/matching/interventions/test_what_if.py` and one test of
`integration/reporting/approval/test_restatements.py`.
"""

from __future__ import annotations

import os
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Process(ForkServerProcess):
    """A process with the environment of the test that starts it: with its clock, too.

    The process that it is forked from has that of the first test which forked one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._environment = dict(os.environ)

    def run(self) -> None:
        """Do its work."""
        os.environ.clear()
        take_environment(self._environment)
        super().run()


class _Context(ForkServerContext):
    Process = _Process


def forked(*modules: str) -> ForkServerContext:
    """Return a context that forks processes from one that has these modules already.

    There is one process to fork from; if it runs already, for another service, the modules are imported as usual.
    """
    context = _Context()
    context.set_forkserver_preload(list(modules))
    return context


def instead_of_spawned(*modules: str) -> SimpleNamespace:
    """Return a replacement for the module `multiprocessing` in a module that asks it for `spawn`."""
    return SimpleNamespace(get_context=lambda _: forked(*modules))


def take_environment(environment: Mapping[str, str]) -> None:
    """Take these variables."""
    os.environ.update(environment)
