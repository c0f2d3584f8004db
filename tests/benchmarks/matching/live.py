"""Measure one event at a pool of 10,000, and compare the followed matching with a run from scratch.

10,000 seeded events of every kind. First they are timed, and at 200 moments the followed matching is compared with a
run. Then they happen again, and after every event the followed matching is compared with deferred acceptance from
scratch (`from_scratch.py`); now and then its lists are compared with those of a whole market. `make bench` does so for
the first 1,000 events; `python -m tests.benchmarks.matching.live` for all 10,000, which takes some 20 minutes of one
core, and its rows then replace those in the table. In a pool of a fiftieth the size a run follows every single event.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Fixed
from tests.benchmarks.figures import Figure, Reference, write
from tests.benchmarks.matching.from_scratch import FromScratch
from tests.benchmarks.matching.instances import mentors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.matching.engine.problem.problem import Problem

PEOPLE = 10_000
EVENTS = 10_000
CHECKS = 200
EACH = 1_000
"""The number of events that `make bench` compares with a matching from scratch, one by one."""
ALL = Path("build/benchmarks-events.json")
"""The rows of all events, which replace those of the first 1,000 in the table."""
_SMALL = 50
_LISTS_EVERY = 500
_KINDS = ("arrive", "leave", "change") * 3 + (
    "arrive",
    "arrive",
    "open",
    "close",
    "alter",
    "places",
    "places",
    "fix",
    "fix",
    "release",
)


def measure(people: int = PEOPLE, events: int = EVENTS, each: int = EACH) -> list[Figure]:
    """Return the time of half and of nearly all events, and how often the matching was that of a run."""
    live = LiveMatching(mentors(people))
    taken: list[float] = []
    scratch: list[float] = []
    equal = 0
    for number, happen in enumerate(happenings(live, mentors(people // 4, seed=2), events)):
        started = process_time()
        happen()
        taken.append(process_time() - started)
        if (number + 1) % (events // CHECKS) == 0:
            started = process_time()
            matching = dict(run(live.problem).matching)
            scratch.append(process_time() - started)
            equal += matching == live.matching
    whole = float(np.median(scratch))
    beside = Reference("a run from scratch", round(1000 * whole, 1))
    half, most = (1000 * float(np.percentile(taken, share)) for share in (50, 99))
    small, tried = _always_equal(people // _SMALL, events // 5)
    return [
        _within(f"one event at {people:,}, half of them within", half, beside, 1, share=0.01),
        _within(f"one event at {people:,}, 99 of 100 within", most, beside, 10),
        _equal(f"moments at {people:,} equal to a new run", "moments", equal, "moments compared", len(scratch)),
        *every_event(people, events, each),
        _equal(f"events at {people // _SMALL:,} equal to a new run", "events", small, "events compared", tried),
    ]


def every_event(
    people: int = PEOPLE,
    events: int = EVENTS,
    each: int = EVENTS,
    report: Callable[[list[Figure]], None] = lambda _: None,
) -> list[Figure]:
    """Return the rows of the first `each` events: after how many the matching was equal, and how often all lists were.

    `report` gets the rows so far whenever the lists have been compared.
    """
    live = LiveMatching(mentors(people))
    scratch = FromScratch(live.problem)
    equal = whole = looked = 0
    rows: list[Figure] = []
    for tried, happen in enumerate(islice(happenings(live, mentors(people // 4, seed=2), events), each), 1):
        happen()
        equal += scratch.matching(live.problem) == live.matching
        if tried % _LISTS_EVERY == 0 or tried == each:
            looked += 1
            whole += scratch.holds(live.problem)
            sys.stderr.write(f"{equal:,} of {tried:,} events equal, lists right {whole} of {looked} times\n")
            after = f"events at {people:,}, after each the matching of deferred acceptance from scratch"
            lists = f"moments at {people:,} at which the lists are those of a whole market"
            rows = [
                _equal(after, "events", equal, "events compared", tried),
                _equal(lists, "moments", whole, "moments compared", looked),
            ]
            report(rows)
    return rows


def _equal(name: str, unit: str, equal: int, counted: str, number: int) -> Figure:
    return Figure(name, equal, unit, Reference(counted, number), equal / number, "all equal", equal == number)


def _within(name: str, value: float, beside: Reference, most: float, share: float = 1.0) -> Figure:
    ratio = round(value / beside.value, 5)
    aim = f"at most {most:g} ms" + (f" and {share:g} times the reference" if share < 1 else "")
    return Figure(name, round(value, 3), "ms", beside, ratio, aim, value <= most and ratio <= share)


def _always_equal(people: int, events: int) -> tuple[int, int]:
    """Return how many events in a small pool led to the matching of a run, and the number of events."""
    live = LiveMatching(mentors(people, full=True))
    equal = tried = 0
    for happen in happenings(live, mentors(people // 4, full=True, seed=2), events):
        happen()
        tried += 1
        equal += run(live.problem).matching == live.matching
    return equal, tried


def happenings(live: LiveMatching, spare: Problem, events: int) -> Iterator[Callable[[], object]]:
    """Seeded events, three of four about candidates; newcomers and changes are drawn from `spare`."""
    dice = random.Random(5)
    for number in range(events):
        kind = dice.choice(_KINDS)
        pool, seats = dice.choice(tuple(live.pool)), dice.choice(tuple(live.seats))
        person, terms = dice.choice(spare.candidates), dice.choice(spare.seats)
        seat_id = live.seat_of(pool)
        if kind == "arrive":
            yield partial(live.arrive, replace(person, id=f"comer-{number}"))
        elif kind == "leave":
            yield partial(live.leave, pool)
        elif kind == "change":
            yield partial(live.change, replace(person, id=pool))
        elif kind == "open":
            yield partial(live.open, replace(terms, id=f"offered-{number}"))
        elif kind == "close":
            yield partial(live.close, seats)
        elif kind == "alter":
            yield partial(live.alter, replace(terms, id=seats))
        elif kind == "places" or (kind == "fix" and seat_id is None) or (kind == "release" and not live.fixed):
            seat = live.seats[seats]
            yield partial(live.alter, replace(seat, capacity=max(0, seat.capacity + dice.choice((-1, 1)))))
        elif kind == "fix":
            yield partial(live.fix, Fixed(candidate_id=pool, seat_id=str(seat_id), country=live.pool[pool].country))
        else:
            yield partial(live.release, dice.choice(tuple(live.fixed)))


if __name__ == "__main__":
    write(every_event(report=partial(write, path=ALL)), ALL)
