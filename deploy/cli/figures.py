"""Check that the published figures follow from an export of the journals: `tandem figures verify EXPORT`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.facts.model.facts import Fact
    from services.reporting.figures.model.verification import CheckedFigure, Statement
    from shared.bus.db.erasure import ErasureKeys

app = typer.Typer(help="Check published figures with an export of all journals.", no_args_is_help=True)
FIGURES = "exchange.figures"


@app.callback()
def figures() -> None:
    """Check published figures with an export of all journals."""


def recount_export(folder: Path, keys: "ErasureKeys") -> "tuple[list[str], list[CheckedFigure], list[Statement]]":
    """Return what is wrong with the export in `folder`, and every published figure computed again.

    Also each statement whose events are not all those before its cut-off. `keys` are those of erasures. Raises `Failed`
    if it is not an export.
    """
    from deploy.cli.export_files import Exported  # noqa: PLC0415 - heavy
    from services.reporting.facts.model.facts import USED  # noqa: PLC0415 - as above
    from services.reporting.facts.store import fact_of  # noqa: PLC0415 - as above
    from services.reporting.figures.model.verification import recount, statement  # noqa: PLC0415 - as above
    from services.reporting.groupings.model import EACH_VALUE, Levels  # noqa: PLC0415 - as above
    from shared.bus.log.envelope import Envelope  # noqa: PLC0415 - as above
    from shared.contracts.figures import FigureEvent  # noqa: PLC0415 - as above
    from shared.contracts.periods import (  # noqa: PLC0415 - as above
        GroupingsChosen,
        PeriodRestated,
        PeriodSubmitted,
    )

    stated = {PeriodSubmitted.type, PeriodRestated.type, GroupingsChosen.type}
    levels, chosen = EACH_VALUE, 0
    wrong = list(Exported.read(folder, keys).faults)
    facts: list[Fact] = []
    published, counted = [], []
    for line in _lines(folder):
        if line["topic"] != FIGURES and line["type"] not in USED and line["type"] not in stated:
            continue
        event = _event(line)
        if event is None:
            wrong.append(f"{line['topic']} {line['subject']}, event {line['sequence']}: the payload cannot be read")
        elif isinstance(event.data, FigureEvent):
            published.append(event.data.figure)
        elif isinstance(event, Envelope):
            if isinstance(event.data, PeriodSubmitted | PeriodRestated) and event.data.counted:
                counted.append((event.data.period.label, event.data.counted))
            if isinstance(event.data, GroupingsChosen) and event.sequence > chosen:
                levels, chosen = Levels.of_chosen(event.data.levels), event.sequence
            if event.type in USED:
                facts.append(fact_of(event))
    statements = [statement(facts, label, each) for label, each in counted]
    return wrong, list(recount(facts, published, statements, levels)), [each for each in statements if not each.whole]


def _lines(folder: Path) -> "Iterator[dict[str, Any]]":
    import orjson  # noqa: PLC0415 - heavy

    from deploy.cli.system import SERVICES  # noqa: PLC0415 - as above

    for service in SERVICES:
        file = folder / f"{service}.jsonl"
        if not file.exists():
            continue  # said already, when the export was held against its manifest
        with file.open("rb") as lines:
            for line in lines:
                try:
                    values = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue  # as above
                yield values


def _event(line: "dict[str, Any]") -> Any:
    """Return the event of a line, as a reader would have it; None if its payload breaks the contract."""
    from datetime import datetime  # noqa: PLC0415 - with the rest
    from uuid import UUID  # noqa: PLC0415 - as above

    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    from shared.bus.log.envelope import SOURCE, Envelope  # noqa: PLC0415 - as above
    from shared.contracts import EVENTS, TOPICS  # noqa: PLC0415 - as above

    try:
        data = EVENTS[line["type"]].read(line["payload"])
    except (KeyError, ValidationError):
        return None
    return Envelope(
        UUID(line["id"]),
        line["type"],
        SOURCE.format(service=TOPICS[line["topic"]].owner),
        line["subject"],
        line["topic"],
        datetime.fromisoformat(line["time"]),
        line["sequence"],
        line["correlationid"],
        None,
        None,
        data,
    )


def _print_difference(statement: "Statement") -> None:
    """Print how the events of a statement differ from those of the export."""
    name = f"{statement.period}, counted at {statement.cut_off.isoformat()}"
    if statement.untold:
        print(f"{name}: the export has other events, too many to list. Publish a new statement of the period.")
    late = "had happened and had not been read: they are left out, and a new statement would count them"
    for ids, words in (
        (statement.missed, late),
        (statement.lost, "were counted and are not in the export"),
    ):
        if ids:
            print(f"{name}: {len(ids)} events {words}: {', '.join(sorted(map(str, ids)))}")


@app.command("verify")
def verify(
    export: Annotated[Path, typer.Argument(help="A folder that `tandem export` wrote.", metavar="EXPORT")],
    *,
    every: Annotated[bool, typer.Option("--every", help="Also list the figures that are the same.")] = False,
    figure: Annotated[
        str, typer.Option(help="Only this number, each time it was published, such as TOPCOP-OP-02/2026-H1.")
    ] = "",
) -> None:
    """Compute every published figure again from an export of all journals; exit 1 if one is wrong."""
    from shared.bus.db.erasure import ErasureKeys  # noqa: PLC0415 - heavy

    keys = ErasureKeys(os.environ.get("TANDEM_ERASURE_PUBLIC_KEYS", ""))
    wrong, checked, statements = recount_export(export, keys)
    for fault in wrong:
        print(fault)
    for stated in statements:
        _print_difference(stated)
    if figure:
        checked = [each for each in checked if each.name == figure]
        if not checked:
            print(f"No figure {figure} was published.")
            raise typer.Exit(1)
        for each in checked:
            at = f", counted at {each.cut_off.isoformat()}" if each.cut_off else ""
            print(f"{each.name}{at}: computed {'nothing, as it was not shown' if each.hidden else each.computed}")
    broken = [each for each in checked if each.differences]
    for each in checked if every else broken:
        how = "; ".join(each.differences) or ("not shown when it was published" if each.hidden else "holds")
        print(f"{each.name}: {how}")
    hidden = sum(each.hidden for each in checked)
    holding = len(checked) - len(broken) - hidden
    print(f"Published figures: {len(checked)}. The same: {holding}. Different: {len(broken)}. Not shown: {hidden}.")
    if wrong:
        print(f"The export itself is broken in {len(wrong)} places: see above.")
    if broken or wrong or any(stated.lost or stated.untold for stated in statements):
        raise typer.Exit(1)
