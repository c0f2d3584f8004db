"""Schedule visits from a file without any service: `tandem schedule FILE`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.match import Annotate, Check, Encoding

if TYPE_CHECKING:
    from services.matching.engine.schedule import Plan

NAME = "schedule"

COLUMNS = ("candidate_id", "seat_id", "start", "end", "days", "wanted", "moved_from", "estimated_holidays", "why_not")


def rows(plan: "Plan") -> list[tuple[object, ...]]:
    """Return a row for each visit, in the given order: its dates, or the cause that ruled out most weeks."""
    from services.matching.engine.schedule.single import estimated  # noqa: PLC0415 - heavy

    moves = {move.request for move in plan.moves}
    found: list[tuple[object, ...]] = []
    for at, (visit, days) in enumerate(zip(plan.given.requests, plan.days, strict=True)):
        near = estimated(visit, plan.policy, days[0]) if days else ()
        found.append(
            (
                visit.candidate_id,
                visit.seat_id,
                days[0].isoformat() if days else None,
                days[-1].isoformat() if days else None,
                len(days),
                visit.days,
                visit.announced[0].isoformat() if at in moves else None,
                "; ".join(sorted({closure.day.isoformat() for closure in near})),
                None if days else plan.why(at).cause.value,
            )
        )
    return found


def command(
    file: Annotated[Path | None, typer.Argument(help="Sheet (.xlsx or CSV) or JSON with the visits.")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Sheet or JSON with notice_weeks, minimum_days, extra_holidays.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the dates into this file (.xlsx or CSV), instead of here.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long to search for the best plan; 0 takes the first answer.")
    ] = 30.0,
    check: Check = False,  # noqa: FBT002 - an option of the command line
    annotate: Annotate = None,
    template: Annotated[
        Path | None, typer.Option(help="Write a workbook to fill in, with drop-downs and an example, and stop.")
    ] = None,
    encoding: Encoding = None,
) -> None:
    """Set dates for the visits in a file, by the proven best plan if time allows; no service needs to run.

    docs/file-formats.md describes the formats. Dates are written as CSV, how good they are on standard error.
    """
    import sys  # noqa: PLC0415 - not needed to show the help

    from deploy.cli import file_readings  # noqa: PLC0415 - heavy
    from services.matching.engine.schedule import Draft  # noqa: PLC0415 - as above
    from services.matching.sheets.files import result_workbook, results, templates, visits  # noqa: PLC0415 - heavy

    if template is not None:
        templates.write_visits(template)
        print(f"{template} is ready to fill in. Its example can be checked and scheduled as it is.")
        return
    (source,) = file_readings.named([file] if file else None, policy, outputs=[out, annotate])
    with file_readings.reading(encoding, annotate) as own:
        requests, rules = visits.read(source, policy, own)
    if check:
        print(f"No faults. Visits: {len(requests)}.")
        return
    draft = Draft.of(requests, rules)
    plan = draft.best(seconds=seconds) if seconds else draft.first
    if out is None:
        sys.stdout.write(results.table(COLUMNS, rows(plan)))
    elif out.suffix.lower() == ".xlsx":
        results.write(out.parent, {out.name: result_workbook.of_tables({"Visits": (COLUMNS, rows(plan))})})
    else:
        results.write(out.parent, {out.name: results.table(COLUMNS, rows(plan))})
    dated = sum(1 for days in plan.days if days)
    proof = "No plan is better." if plan.proven else "A better plan may exist; give it more --seconds."
    moved = sum(1 for move in plan.moves if move.after)
    lost = f", {len(plan.moves) - moved} lost those announced" if moved < len(plan.moves) else ""
    print(f"{dated} of {len(plan.days)} visits have dates, {moved} moved{lost}. {proof}", file=sys.stderr)
