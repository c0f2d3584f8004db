"""Repeat a committed run from its stored inputs, and compare the results: `tandem rerun RUN`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.cli.system import System
    from services.matching.cohorts.model import Reproduction

NAME = "rerun"
_SHOWN = 20


async def fetch(system: "System", run_id: str, person: str) -> dict[str, Any]:
    """Return what the service stored of a run. Raises `Failed` if it refuses or does not answer."""
    from deploy.cli.client import People  # noqa: PLC0415 - heavy

    async with People(system) as people:
        found: dict[str, Any] = await people.get(person, f"/matching/api/v1/runs/{run_id}/inputs")
    return found


def repeat(kept: "Mapping[str, Any]") -> "Reproduction":
    """Match again what `fetch` returned. Raises `Failed` if this version cannot read the problem."""
    from deploy.cli.system import Failed  # noqa: PLC0415 - with the rest
    from services.matching.cohorts.model import reproduce  # noqa: PLC0415 - as above
    from services.matching.engine.problem import document  # noqa: PLC0415 - heavy
    from services.matching.engine.problem.problem import Problem  # noqa: PLC0415 - as above

    try:
        problem = document.read(Problem, kept["problem"])
    except document.Unreadable as wrong:
        raise Failed(f"This version cannot read the run's problem ({wrong}). Use the version that made it.") from wrong
    return reproduce(kept["engine"], kept["digest"], problem, dict(kept["pairs"]), kept["overrides"])


def report_lines(done: "Reproduction") -> list[str]:
    """Return the outcome in lines."""
    lines = [f"Engine {done.engine}, now {done.engine_now}. Digest of the inputs: {done.digest}."]
    if done.digest != done.digest_now:
        lines.append(f"The digest is {done.digest_now} now: the engine counts or reads the inputs in another way.")
    for subject, (before, now) in list(done.moved.items())[:_SHOWN]:
        lines.append(f"  {subject}: {before or 'no place'}, now {now or 'no place'}")
    if len(done.moved) > _SHOWN:
        lines.append(f"  and {len(done.moved) - _SHOWN} more")
    if done.same:
        lines.append(f"The same {done.pairs} pairs again.")
    else:
        lines.append(f"{len(done.moved)} of the run's results differ.")
    return lines


def command(
    run: Annotated[str, typer.Argument(help="The id of the run, as its page and `exchange.runs` show it.")],
    person: Annotated[
        str, typer.Option("--as", help="Sign-in subject of a programme coordinator.")
    ] = "persona-programme",
    save: Annotated[
        Path | None, typer.Option(help="Also write the run's problem to this file, for `tandem match`.")
    ] = None,
) -> None:
    """Repeat a committed run from its stored inputs; exit 0 if digest and pairs are the same, 1 if not.

    The run is matched on this machine, by this version of the engine. Outside a local run the access token of the
    person is read from the JSON file that TANDEM_TOKENS_FILE names (sign-in subject: token).
    """
    import asyncio  # noqa: PLC0415 - not needed to show the help
    import json  # noqa: PLC0415 - as above
    from uuid import UUID  # noqa: PLC0415 - as above

    from deploy.cli.system import Failed, System  # noqa: PLC0415 - as above
    from services.matching.engine.problem import document  # noqa: PLC0415 - as above

    try:
        run_id = str(UUID(run))
    except ValueError:
        raise Failed(f"{run!r} is not the id of a run. Copy it from the address of the run's page.") from None
    kept = asyncio.run(fetch(System.here(), run_id, person))
    if save is not None:
        whole = document.in_full(kept["problem"])
        try:
            save.write_text(json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
        except OSError as wrong:
            raise Failed(f"{save} cannot be written: {wrong.strerror}.") from wrong
    done = repeat(kept)
    print("\n".join(report_lines(done)))
    if not done.same:
        raise typer.Exit(1)
