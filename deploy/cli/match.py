"""Match a coordinator's own files without any service: `tandem match FILE...`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.matching.engine.matching import Result

NAME = "match"

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Sheets (.xlsx or CSV) with candidates, seats, fixed pairs and rules; JSON with a problem."),
]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day for dated rules, if no file says it.")
]
Seed = Annotated[str | None, typer.Option(help="The number that breaks ties, instead of the one in a file.")]
Encoding = Annotated[
    str | None, typer.Option(help="The encoding of the CSV files, if it is unclear: windows-1250, ...")
]
Check = Annotated[bool, typer.Option("--check", help="Only check the files: exit 0 if they can be used, 2 if not.")]
Annotate = Annotated[
    Path | None, typer.Option(help="Write a copy of the sheets (.xlsx) with the faults as comments and in a column.")
]
Out = Annotated[
    Path | None, typer.Option(help="Write the results into this folder, or as a workbook into this .xlsx file.")
]


def summary(result: "Result") -> list[str]:
    """Return a run in lines, with both prices."""
    prices, problem = result.prices, result.problem
    best = f"{prices.of_best_ppm / 10_000:.2f} % of the best"
    fixed = {pair.candidate_id for pair in problem.fixed} & {candidate.id for candidate in problem.candidates}
    before = f", {len(fixed)} had one before" if fixed else ""
    lines = [
        f"{len(result.pairs)} of {len(problem.candidates)} have a place{before}, {len(result.unmatched)} have none.",
        f"Sum of points {prices.total}, {best}. Blocking pairs: {prices.blocking_pairs}.",
        f"Objective {problem.rules.objective.value}, seed {result.seed}, engine {result.engine_version}.",
        f"Digest of the inputs: {result.digest}.",
    ]
    if result.unmet_floors:
        missing = ", ".join(f"{country} by {count}" for country, count in result.unmet_floors.items())
        lines.append(f"Floors that are not met: {missing}.")
    return lines


def command(
    files: Files = None,
    day: Day = None,
    seed: Seed = None,
    out: Out = None,
    effort: Annotated[
        int,
        typer.Option(
            min=0, help="How many changed runs to try per candidate without a place, to find the smallest change."
        ),
    ] = 24,
    check: Check = False,  # noqa: FBT002 - an option of the command line
    annotate: Annotate = None,
    template: Annotated[
        Path | None, typer.Option(help="Write a workbook to fill in, with drop-downs and an example, and stop.")
    ] = None,
    encoding: Encoding = None,
) -> None:
    """Match candidates and seats from sheets; no service needs to run. docs/file-formats.md describes the formats.

    Without --out the matches are printed as CSV, and how the run went on standard error. With it the folder gets
    result.xlsx, matches.csv, receipts.csv, receipts.json and run.json; a name that ends with .xlsx gets the workbook
    alone. The same files give the same result.
    """
    import sys  # noqa: PLC0415 - not needed to show the help

    from deploy.cli import file_readings  # noqa: PLC0415 - heavy
    from services.matching.engine.layers import run_layers  # noqa: PLC0415 - as above
    from services.matching.sheets.files import problems, result_workbook, results, templates  # noqa: PLC0415 - heavy

    if template is not None:
        templates.write_problem(template)
        print(f"{template} is ready to fill in. Its example can be checked and matched as it is.")
        return
    sources = file_readings.named(files, outputs=[*results.targets(out, results.FILES), annotate])
    progress = file_readings.Progress()
    with file_readings.reading(encoding, annotate) as own:
        problem = problems.read(sources, day=(day or datetime.now().astimezone()).date(), seed=seed, reading=own)
    if check:
        fixed = f", fixed pairs: {len(problem.fixed)}" if problem.fixed else ""
        print(f"No faults. Candidates: {len(problem.candidates)}, seats: {len(problem.seats)}{fixed}.")
        return
    progress.begin(f"Matching {len(problem.candidates):,} candidates and {len(problem.seats):,} seats")
    result = run_layers(problem)
    explained = len(result.pairs) + len(result.unmatched)
    tried = 0 if out is None else effort
    found = list(progress.over(result.receipts(effort=tried), explained, "Explaining the results"))
    if out is None:
        sys.stdout.write(results.matches(result, found))
    elif out.suffix.lower() == ".xlsx":
        results.write(out.parent, {out.name: result_workbook.make(result, found)})
    else:
        results.write(out, results.all_of(result, found))
    print("\n".join(summary(result)), file=sys.stderr if out is None else sys.stdout)
