"""Read the official ruleset of the standard and hold a file against it, without the service's own code."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFICIAL = Path(__file__).parents[5] / "shared/data/iati/codelists"  # beside the checkout, where it is there


def broken_ids(root: Any, today: date) -> set[str]:
    """Return the ids of the rules that a file breaks. Rules that ask IATI's register are read without it."""
    return {
        case["ruleInfo"]["id"]
        for context, kinds in _rules().items()
        for element in root.xpath(context)
        for kind, case in _cases(kinds, element)
        if _is_broken(kind, case, element, today)
    }


@cache
def _rules() -> Any:
    return json.loads((OFFICIAL.parent / "standard.json").read_text(encoding="utf-8"))


def _cases(kinds: Any, element: Any) -> Iterator[tuple[str, Any]]:
    for kind, cases in kinds.items():
        for case in cases["cases"]:
            if kind != "loop":
                yield kind, case
                continue
            for value in dict.fromkeys(element.xpath(case["foreach"])):
                for inner, more in case["do"].items():
                    for each in more["cases"]:
                        yield inner, json.loads(json.dumps(each).replace("$1", value))


def _is_broken(kind: str, case: Any, element: Any, today: date) -> bool:  # noqa: PLR0911 - one a kind of rule
    if "condition" in case and not element.xpath(f"boolean({case['condition']})"):
        return False
    texts = [text for path in case.get("paths", []) for text in _texts(element, path)]
    match kind:
        case "unique":
            return len(set(texts)) < len(texts)
        case "startswith":
            begins = [text for path in case["prefix"] for text in _texts(element, path)] or ["\0"]
            if case["prefix"] == ["ORG-ID-PREFIX"]:
                begins = [f"{each}-" for each in _agencies()]
            return any(not text.startswith(tuple(f"{b}{case.get('separator', '')}" for b in begins)) for text in texts)
        case "atleast_one":
            return not any(element.xpath(path) for path in case["paths"])
        case "no_more_than_one":
            return sum(len(element.xpath(path)) for path in case["paths"]) > 1
        case "one_or_all":
            return not element.xpath(case["one"]) and _some_lack(element, case["all"])
        case "date_now":
            return any(date.fromisoformat(text[:10]) > today for text in _texts(element, case["date"]))
        case "date_order":
            more = [today.isoformat()] if case["more"] == "NOW" else _texts(element, case["more"])
            return any(first > last for first in _texts(element, case["less"]) for last in more)
        case "regex_matches":
            return any(not re.match(case["regex"], text) for text in texts)
        case "no_spaces":
            return any(text != text.strip() for text in texts)
        case "strict_sum":
            return sum(map(Decimal, texts), Decimal(0)) != Decimal(case["sum"])
        case "range":
            return any(not case["min"] <= float(text) <= case["max"] for text in texts)
        case "if_then":
            return bool(element.xpath(f"boolean({case['if']}) and not(boolean({case['then']}))"))
        case "between_dates":
            first, last = _texts(element, case["start"]), _texts(element, case["end"])
            return any(not first[0] <= text <= last[0] for text in _texts(element, case["date"]))
        case "time_limit":
            first, last = _texts(element, case["start"]), _texts(element, case["end"])
            return bool(first and last) and (date.fromisoformat(last[0]) - date.fromisoformat(first[0])).days > 366
    raise AssertionError(f"no such rule: {kind}")


def _some_lack(element: Any, what: str) -> bool:
    return bool(
        element.xpath(
            {
                "lang": ".//narrative[not(@xml:lang)]",
                "currency": ".//value[not(@currency)]",
                "sector": "transaction[not(sector)][../transaction/sector]",
            }[what]
        )
    )


def _texts(element: Any, path: str) -> list[str]:
    return [each if isinstance(each, str) else each.text or "" for each in element.xpath(path)]


@cache
def _agencies() -> list[str]:
    lines = (OFFICIAL / "OrganisationRegistrationAgency.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.partition(",")[0] for line in lines]
