"""Change the rules of a problem by options or by a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.files.tables import Origin, fail, json_of
from deploy.cli.system import Failed
from services.matching.engine.problem import document
from services.matching.engine.problem.document import Unreadable
from services.matching.engine.problem.problem import WEIGHTS, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def change_rules(rules: Rules, file: Path | None, options: Mapping[str, object]) -> Rules:
    """Return the rules with those of a file (JSON: `rules`, or their names alone), then the options, applied.

    Of `weights`, `ceilings` and `floors` only what is named is replaced; null removes a ceiling or floor. Raises
    `Failed`.
    """
    value = document.plain(rules)
    value.setdefault("weights", {name.value: document.plain(weight) for name, weight in WEIGHTS.items()})
    if file is not None:
        given = json_of(file)
        given = given.get("rules", given) if isinstance(given, dict) else given
        if not isinstance(given, dict):
            raise Failed(f"{file} holds no object with rules.")
        _put(value, given)
    _put(value, options)
    try:
        return document.read(Rules, value)
    except Unreadable as wrong:
        origin = Origin(file) if file is not None else None
        raise fail(
            [f"{origin.words(fault.path) if origin else fault.where}: {fault.text}" for fault in wrong.faults]
        ) from wrong


def _put(value: dict[str, Any], given: Mapping[str, object]) -> None:
    for name, entry in given.items():
        if name in {"weights", "ceilings", "floors"} and isinstance(entry, dict):
            both = {**value.get(name, {}), **entry}
            value[name] = {key: item for key, item in both.items() if item is not None}
        else:
            value[name] = entry


def weights(texts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return weights from options: `topic=5:1` is 5 for the applicant and 1 for the host. Raises `Failed`."""
    found = {}
    for text in texts:
        name, equals, numbers = text.partition("=")
        own, colon, host = numbers.partition(":")
        if not equals or not colon or not own.isdecimal() or not host.isdecimal():
            raise Failed(f"--weight {text}: write it as topic=5:1, first for the applicant, then for the host.")
        found[name] = {"applicant": int(own), "host": int(host)}
    return found


def counts(option: str, texts: Sequence[str]) -> dict[str, int | None]:
    """Return numbers by country from options: `AM=3`, or `AM=none` for no limit. Raises `Failed`."""
    found: dict[str, int | None] = {}
    for text in texts:
        country, equals, number = text.partition("=")
        if not equals or not (number.isdecimal() or number == "none"):
            raise Failed(f"{option} {text}: write it as AM=3, or AM=none for no limit.")
        found[country] = None if number == "none" else int(number)
    return found
