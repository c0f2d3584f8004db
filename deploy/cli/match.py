"""Match a coordinator's own files without any service: `tandem match FILE...`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.matching.engine.matching import Result

NAME = "match"

Files = Annotated[
    list[Path], typer.Argument(help="JSON with a problem or parts of one; CSV with candidates, seats, fixed pairs.")
]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which dated rules are asked, if no file says.")
]
Seed = Annotated[str | None, typer.Option(help="What breaks ties, instead of what a file says.")]
Out = Annotated[Path | None, typer.Option(help="Write the results into this folder, instead of the matches here.")]


def summary(result: "Result") -> list[str]:
    """Return a run in lines, with both prices."""
    prices, problem = result.prices, result.problem
    best = f"{prices.of_best_ppm / 10_000:.2f} % of the best"
    lines = [
        f"{len(result.pairs)} of {len(problem.candidates)} have a place, {len(result.unmatched)} have none.",
        f"Sum of points {prices.total}, {best}. Blocking pairs: {prices.blocking_pairs}.",
        f"Objective {problem.rules.objective.value}, seed {result.seed}, engine {result.engine_version}.",
        f"Digest of the inputs: {result.digest}.",
    ]
    if result.unmet_floors:
        missing = ", ".join(f"{country} by {count}" for country, count in result.unmet_floors.items())
        lines.append(f"Floors that are not met: {missing}.")
    return lines


def command(
    files: Files,
    day: Day = None,
    seed: Seed = None,
    out: Out = None,
    effort: Annotated[
        int,
        typer.Option(min=0, help="How many changed runs are tried for the smallest change of each without a place."),
    ] = 24,
) -> None:
    """Match candidates and seats from files; no service needs to run. The formats stand in docs/file-formats.md.

    Without --out the matches are printed as CSV, and how the run went on standard error. With it the folder gets
    matches.csv, receipts.csv, receipts.json and run.json. The same files give the same result.
    """
    import sys  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.files import problems, results  # noqa: PLC0415 - heavy
    from services.matching.engine.layers import run_layers  # noqa: PLC0415 - as above

    result = run_layers(problems.read(files, day=(day or datetime.now().astimezone()).date(), seed=seed))
    if out is None:
        sys.stdout.write(results.matches(result, result.receipts(effort=0)))
    else:
        results.write(out, results.all_of(result, effort))
    print("\n".join(summary(result)), file=sys.stderr if out is None else sys.stdout)
