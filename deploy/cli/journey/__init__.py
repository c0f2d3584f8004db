"""Drive one application and one mentorship through the whole system: `tandem journey`."""

from typing import Annotated

import typer

NAME = "journey"


def command(
    *,
    clock: Annotated[
        bool, typer.Option("--clock/--no-clock", help="Move the local clock to the visit's end; else end before.")
    ] = True,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep its records in the figures, instead of removing them at the end.")
    ] = False,
) -> None:
    """Take one application and one mentorship from draft to figure through the public API; exit 0 if all happened.

    It works in a small call of its own with people of its own, whose names say that they are a test, and can be
    repeated: in a local run with another officer each time, elsewhere twice a day, as an officer may name a line
    manager only a few times. At the end its applications and its placement are marked as entered in error (a test),
    which removes them, the visit and the certificate from the figures; call and mentor are closed, and its people have
    no more access.
    Where the clock cannot be moved it ends with the visit scheduled and the first figure. Outside a local run the
    access tokens of its people (`deploy/cli/journey/cast.py`) and of persona-programme are read from the JSON file that
    TANDEM_TOKENS_FILE names (sign-in subject: token).
    """
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System  # noqa: PLC0415 - as above

    system = System.here()
    from deploy.cli.journey.story import journey  # noqa: PLC0415 - heavy

    asyncio.run(journey(system, with_clock=clock, keep=keep))
