"""Load a sample programme into a new local run: `tandem sample load`."""

from typing import Annotated

import typer

app = typer.Typer(help="A made-up programme for a local run: people, calls, matches, visits.", no_args_is_help=True)


@app.callback()
def sample() -> None:
    """A made-up programme for a local run: people, calls, matches, visits."""


@app.command("load")
def load(
    seed: Annotated[int | None, typer.Option(help="Draws the people; the same seed draws the same people.")] = None,
) -> None:
    """Load the sample programme into a local run that is new, by its own API; the clock runs from a year ago to now.

    Does nothing if it is loaded already. After an interruption start over with `make clean && make run`.
    """
    import asyncio  # noqa: PLC0415 - not needed to show the help
    from time import monotonic  # noqa: PLC0415 - as above

    from deploy.cli.system import System  # noqa: PLC0415 - as above

    system = System.here()
    from deploy.cli.sample.load import load as through  # noqa: PLC0415 - heavy
    from deploy.cli.sample.programme import SEED  # noqa: PLC0415 - as above

    began = monotonic()
    loaded = asyncio.run(through(system, SEED if seed is None else seed))
    if loaded is None:
        print("  The sample programme is loaded already.")
    else:
        print(f"  The sample programme is loaded ({loaded}; {monotonic() - began:.0f} s).")
