"""Run by a peer's own Python, which has none of this project: solves lists and says how long it took.

`python peer.py NAME LISTS.json` prints `{"seconds": ..., "seats": [...]}`: the seat of each candidate, -1 for none.
"""

import json
import sys
import threading
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any


def by_matching(lists: dict[str, Any]) -> tuple[float, list[int]]:
    """Time the package `matching` (daffidwilde): making and solving the game."""
    from matching.games import HospitalResident  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer's

    people = {f"r{candidate}": [f"h{seat}" for seat in wish] for candidate, wish in enumerate(lists["wishes"])}
    seats = {f"h{seat}": [f"r{candidate}" for candidate in order] for seat, order in enumerate(lists["orders"])}
    places = {f"h{seat}": count for seat, count in enumerate(lists["places"])}
    started = perf_counter()
    solved = HospitalResident.create_from_dictionaries(people, seats, places).solve(optimal="resident")
    seconds = perf_counter() - started
    found = [-1] * len(people)
    for hospital, residents in solved.items():
        for resident in residents:
            found[int(resident.name[1:])] = int(hospital.name[1:])
    return seconds, found


def by_algmatch(lists: dict[str, Any]) -> tuple[float, list[int]]:
    """Time the package `algmatch`: making and solving the problem."""
    from algmatch import HR  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer's

    problem = {
        "residents": {candidate + 1: [seat + 1 for seat in wish] for candidate, wish in enumerate(lists["wishes"])},
        "hospitals": {
            seat + 1: {"capacity": lists["places"][seat], "preferences": [candidate + 1 for candidate in order]}
            for seat, order in enumerate(lists["orders"])
        },
    }
    started = perf_counter()
    solved = HR(dictionary=problem).get_stable_matching()["resident_sided"]
    seconds = perf_counter() - started
    return seconds, [int(solved[f"r{candidate + 1}"][1:] or 0) - 1 for candidate in range(len(lists["wishes"]))]


def main() -> None:
    """Solve and print."""
    warnings.simplefilter("ignore")
    lists = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    seconds, seats = {"matching": by_matching, "algmatch": by_algmatch}[sys.argv[1]](lists)
    sys.stdout.write(json.dumps({"seconds": seconds, "seats": seats}))


if __name__ == "__main__":
    # `matching` copies its players recursively, one inside the other.
    sys.setrecursionlimit(10_000_000)
    threading.stack_size(1 << 30)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
