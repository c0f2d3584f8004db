"""Write the result of a run: matches and receipts as tables, the run with its prices as JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from services.matching.engine.problem.document import plain
from services.matching.sheets.files import result_workbook
from services.matching.sheets.files.failures import UnusableFiles
from shared.contracts.codes import Expertise
from shared.web.csv_files import escape_formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.explain.repairs import Counterfactual
    from services.matching.engine.matching import Result

MATCHES = ("candidate_id", "seat_id", "gain", "preference", "rank", "standing")
RECEIPTS = (
    "candidate_id",
    "why",
    "seat_id",
    "considered",
    "feasible",
    "last_rule",
    "waiting_place",
    "changes",
)
FILES = ("result.xlsx", "matches.csv", "receipts.csv", "receipts.json", "run.json")
_RESTRICTED = {area.value for area in Expertise if area.restricted}


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV in which no text is a formula in a spreadsheet."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([escape_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return written.getvalue()


def matches(result: Result, receipts: Iterable[Receipt]) -> str:
    """Return the pairs: points of both sides, rank of the seat for the candidate and the reverse."""
    chosen = {receipt.candidate_id: receipt.match for receipt in receipts if receipt.match is not None}
    return table(
        MATCHES,
        (
            (pair.candidate_id, pair.seat_id, pair.gain, pair.preference, own.rank, own.standing)
            for pair in result.pairs
            for own in [chosen[pair.candidate_id]]
        ),
    )


def receipts(found: Iterable[Receipt]) -> str:
    """Return one row a candidate: the reason, and the smallest changes that would have matched."""
    return table(
        RECEIPTS,
        (
            (
                receipt.candidate_id,
                receipt.why.value,
                receipt.seat_id,
                receipt.considered,
                receipt.feasible,
                next((step.rule.value for step in receipt.funnel if step.removed and not step.remaining), None),
                receipt.waiting_place,
                "; ".join(_words(change) for change in receipt.changes),
            )
            for receipt in found
        ),
    )


def receipts_json(found: Iterable[Receipt]) -> str:
    """Return the whole receipts: points by criterion, the funnel, options and changes."""
    return _text([_receipt(receipt) for receipt in found])


def run(result: Result) -> dict[str, JsonValue]:
    """Return the facts of a run and its price."""
    prices = result.prices
    return {
        "engine": result.engine_version,
        "digest": result.digest,
        "seed": result.seed,
        "objective": result.problem.rules.objective.value,
        "candidates": len(result.problem.candidates),
        "seats": len(result.problem.seats),
        "feasible_pairs": result.feasible_pairs,
        "matched": len(result.pairs),
        "unmatched": len(result.unmatched),
        "sum": prices.total,
        "best_sum": prices.best,
        "of_best_ppm": prices.of_best_ppm,
        "blocking_pairs": prices.blocking_pairs,
        "ranks": {str(rank): count for rank, count in result.ranks.items()},
        "unmet_floors": dict(result.unmet_floors),
    }


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write the files into a folder, creating it if missing. Raises `UnusableFiles`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    except OSError as wrong:
        raise UnusableFiles(f"{folder} cannot be written: {wrong.strerror}.") from wrong


def targets(out: Path | None, names: Sequence[str]) -> list[Path]:
    """Return the files that are written to `out`: a workbook by its name, otherwise `names` in a folder."""
    if out is None or out.suffix.lower() == ".xlsx":
        return [out] if out is not None else []
    return [out / name for name in names]


def all_of(result: Result, found: Sequence[Receipt]) -> dict[str, str | bytes]:
    """Return the files that `tandem match` writes, by name; `found` are the receipts of all candidates."""
    contents = (
        result_workbook.make(result, found),
        matches(result, found),
        receipts(found),
        receipts_json(found),
        _text(run(result)),
    )
    return dict(zip(FILES, contents, strict=True))


def _text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _receipt(receipt: Receipt) -> dict[str, Any]:
    def option(choice: Any) -> dict[str, Any]:
        return {
            "seat_id": choice.seat_id,
            "rank": choice.rank,
            "standing": choice.standing,
            "contenders": choice.contenders,
            "places": choice.places,
            "gain": choice.gain,
            "preference": choice.preference,
            "points": {
                earned.criterion.value: {"applicant": earned.applicant, "host": earned.host} for earned in choice.earned
            },
        }

    return {
        "candidate_id": receipt.candidate_id,
        "why": receipt.why.value,
        "considered": receipt.considered,
        "feasible": receipt.feasible,
        "funnel": [{"rule": step.rule.value, "remaining": step.remaining} for step in receipt.funnel],
        "match": None if receipt.match is None else option(receipt.match),
        "options": [option(choice) for choice in receipt.options],
        "waiting_place": receipt.waiting_place,
        "changes": [_change(change) for change in receipt.changes],
    }


def _change(change: Counterfactual) -> dict[str, Any]:
    """Return the fields of a change that are given; a restricted area of expertise is not named (as on the board)."""
    given = {
        part.name: plain(value)
        for part in fields(change)
        if part.name != "beside" and (value := getattr(change, part.name)) is not None
    }
    if given.get("area") in _RESTRICTED:
        given["area"] = "restricted"
    return given | ({"beside": [_change(part) for part in change.beside]} if change.beside else {})


def _words(change: Counterfactual) -> str:
    """Return a change in a few words: `language_level en B1 to B2, then s3`; a set's parts are joined by `with`."""
    return " with ".join(_phrase(part) for part in change.parts) + f", then {change.seat_id}"


def _phrase(part: Counterfactual) -> str:
    given = _change(part)
    kind = given.pop("change")
    del given["seat_id"]
    levels = [f"{given.pop('from_level', 'none')} to {given.pop('to_level')}"] if "to_level" in given else []
    return " ".join([kind, *(str(value) for value in given.values()), *levels])
