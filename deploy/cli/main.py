"""Run the command `tandem`, with one module for each subcommand.

Each module imports what is heavy when it is called, so that `tandem --help` answers at once.
"""

import gc
import sys

import typer

from deploy.cli import (
    access_token,
    bounces,
    clock,
    contracts,
    erase,
    events,
    export,
    feeds,
    figures,
    journey,
    match,
    rebuild,
    redrive,
    replay,
    rerun,
    run,
    sample,
    schedule,
    verify,
    what_if,
)
from deploy.cli.system import Failed

app = typer.Typer(
    name="tandem",
    help="Runs and looks after Tandem, an exchange and mentoring programme for law enforcement.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run,
    clock,
    journey,
    events,
    verify,
    export,
    rebuild,
    replay,
    redrive,
    erase,
    bounces,
    contracts,
    access_token,
    match,
    what_if,
    schedule,
    rerun,
):
    app.command(command.NAME)(command.command)
app.add_typer(figures.app, name="figures")
app.add_typer(feeds.app, name="feeds")
app.add_typer(sample.app, name="sample")


def main() -> None:
    """Run the command line; a known failure is one line and exit code 2."""
    gc.set_threshold(50_000, 20, 20)  # most of a command's time goes into imports, and what they make stays
    try:
        app()
    except RuntimeError as error:
        if not _is_known(error):
            raise
        sys.exit(_exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _is_known(error: RuntimeError) -> bool:
    """Return whether the person at the terminal can correct the failure."""
    from services.matching.sheets.files.failures import UnusableFiles  # noqa: PLC0415 - the help loads no service

    return isinstance(error, Failed | UnusableFiles)


def _exit_code(error: RuntimeError) -> int:
    print(f"tandem: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
