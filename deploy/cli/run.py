"""Start all of Tandem on this machine: `tandem run`."""

import sys

NAME = "run"


def command() -> None:
    """Run everything on this machine until Ctrl-C, at first with a sample programme (TANDEM_PORT, TANDEM_DATA)."""
    from deploy.local.run import main  # noqa: PLC0415 - what runs the servers is heavy

    sys.exit(main())
