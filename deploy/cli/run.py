"""Start all of Tandem on this machine: `tandem run`.

A module of its own, since each subcommand is one, and the servers' code is imported only when it runs.
"""

import sys

NAME = "run"


def command() -> None:
    """Run everything on this machine until Ctrl-C, at first with a sample programme (TANDEM_PORT, TANDEM_DATA)."""
    from deploy.local.run import main  # noqa: PLC0415 - what runs the servers is heavy

    sys.exit(main())
