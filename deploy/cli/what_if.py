"""Compare the matching of files under other terms: `tandem what-if FILE...`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.match import Annotate, Check, Day, Encoding, Files, Out, Seed, summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.matching.engine.matching import Result

NAME = "what-if"

FILES = ("changes.csv", "groups.csv", "before.json", "after.json")
_GROUPS = (("country", "country"), ("service", "service"), ("rank group", "rank_group"))


def seat_changes(before: "Result", after: "Result") -> list[tuple[str, str | None, str | None, str]]:
    """Return everybody whose seat differs, by id: seat before, seat after, and `wins`, `loses` or `moves`."""
    then, now = before.matching, after.matching
    return [
        (
            candidate_id,
            then.get(candidate_id),
            now.get(candidate_id),
            "moves" if candidate_id in then and candidate_id in now else "wins" if candidate_id in now else "loses",
        )
        for candidate_id in sorted(then.keys() | now.keys())
        if then.get(candidate_id) != now.get(candidate_id)
    ]


def by_group(before: "Result", after: "Result") -> "Iterator[tuple[str, str, int, int, int]]":
    """Return winners, losers and movers by country, service and rank group."""
    people = {candidate.id: candidate for candidate in before.problem.candidates}
    changes = seat_changes(before, after)
    for words, name in _GROUPS:
        counted = Counter(
            (str(getattr(people[candidate_id], name) or "not stated"), what) for candidate_id, _, _, what in changes
        )
        for group in sorted({group for group, _ in counted}):
            yield words, group, counted[group, "wins"], counted[group, "loses"], counted[group, "moves"]


def command(
    files: Files = None,
    terms: Annotated[
        Path | None, typer.Option(help="Sheet or JSON with the rules that change; what it does not name stays.")
    ] = None,
    objective: Annotated[str | None, typer.Option(help="stable or most_good.")] = None,
    wishes: Annotated[
        str | None, typer.Option(help="How wishes count: scores, wishes_first or wishes_among_equals.")
    ] = None,
    ties: Annotated[str | None, typer.Option(help="What decides between equal points: lots or exchanges.")] = None,
    weight: Annotated[
        list[str] | None, typer.Option(help="topic=5:1, for applicant and host; may be repeated.")
    ] = None,
    ceiling: Annotated[list[str] | None, typer.Option(help="AM=3, or AM=none; may be repeated.")] = None,
    floor: Annotated[list[str] | None, typer.Option(help="AM=3, or AM=none; may be repeated.")] = None,
    share: Annotated[
        int | None, typer.Option(help="The largest share of an offer for one country, in per cent.")
    ] = None,
    language_minimum: Annotated[str | None, typer.Option(help="The minimum level in the common language.")] = None,
    day: Day = None,
    seed: Seed = None,
    out: Out = None,
    check: Check = False,  # noqa: FBT002 - an option of the command line
    annotate: Annotate = None,
    encoding: Encoding = None,
) -> None:
    """Match the same files under other rules too, and show who wins, who loses and what it costs.

    With --out the folder gets changes.csv (everybody whose seat differs), groups.csv, before.json and after.json;
    a name that ends with .xlsx gets a workbook instead.
    """
    import json  # noqa: PLC0415 - not needed to show the help
    from dataclasses import replace  # noqa: PLC0415 - as above
    from datetime import datetime  # noqa: PLC0415 - as above

    from deploy.cli import file_readings  # noqa: PLC0415 - heavy
    from deploy.cli.system import Failed  # noqa: PLC0415 - as above
    from services.matching.engine.layers import run_layers  # noqa: PLC0415 - as above
    from services.matching.sheets.files import comparison, result_workbook, results  # noqa: PLC0415 - heavy
    from services.matching.sheets.files import terms as other  # noqa: PLC0415 - as above

    options = {
        "objective": objective,
        "wishes": wishes,
        "ties": ties,
        "weights": other.weights(weight or ()),
        "ceilings": other.counts("--ceiling", ceiling or ()),
        "floors": other.counts("--floor", floor or ()),
        "share": share,
        "language_minimum": language_minimum,
    }
    given = {name: option for name, option in options.items() if option not in (None, {})}
    if not given and terms is None:
        raise Failed("Nothing is changed: give other rules with --terms or the options.")
    sources = file_readings.named(files, terms, outputs=[*results.targets(out, FILES), annotate])
    progress = file_readings.Progress()
    with file_readings.reading(encoding, annotate) as own:
        today = (day or datetime.now().astimezone()).date()
        problem, rules = comparison.read(sources, terms, given, own, day=today, seed=seed)
    if check:
        print("No faults in the files and the other rules.")
        return
    size = f"{len(problem.candidates):,} candidates and {len(problem.seats):,} seats"
    progress.begin(f"Matching {size} as it is")
    before = run_layers(problem)
    progress.begin(f"Matching {size} under the other rules")
    after = run_layers(replace(problem, rules=rules))
    changes, groups = seat_changes(before, after), list(by_group(before, after))
    print("\n".join(["As it is:", *(f"  {line}" for line in summary(before))]))
    print("\n".join(["Under the other rules:", *(f"  {line}" for line in summary(after))]))
    what = Counter(kind for *_, kind in changes)
    print(f"Win a place: {what['wins']}. Lose their place: {what['loses']}. Get a different place: {what['moves']}.")
    for words, group, wins, losses, moves in groups:
        print(f"  {words} {group}: {wins} win, {losses} lose, {moves} move")
    if out is not None:
        changed_columns, columns = (
            ("candidate_id", "before", "after", "change"),
            ("group", "name", "wins", "loses", "moves"),
        )
        facts = results.run(before), results.run(after)
        if out.suffix.lower() == ".xlsx":
            both = [(name, str(value), str(facts[1][name])) for name, value in facts[0].items()]
            sheets: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
                "Changes": (changed_columns, changes),
                "Groups": (columns, groups),
                "Before and after": (("what", "before", "after"), both),
            }
            results.write(out.parent, {out.name: result_workbook.of_tables(sheets)})
        else:
            contents = (
                results.table(changed_columns, changes),
                results.table(columns, groups),
                *(json.dumps(fact, indent=1) + "\n" for fact in facts),
            )
            results.write(out, dict(zip(FILES, contents, strict=True)))
