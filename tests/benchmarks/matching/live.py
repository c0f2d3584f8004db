"""How long does one event take at a pool of 10,000, and is the matching always that of a run from scratch?

10,000 seeded events of every kind. First they are timed, and at 200 moments a run from scratch is held against the
followed matching. Then they happen again, and after every event the followed matching is held against deferred
acceptance from its beginning, over lists of which those that the event changed are made anew as a run makes them
(`anew.py`); now and then all lists are held against those of a whole market. `make bench` does so for the first 1,000
events; `python -m tests.benchmarks.matching.live` for all 10,000, which takes some 20 minutes of one core, and whose
rows the table then has. In a pool of a fiftieth the size a run from scratch follows every single event.
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
from tests.benchmarks.matching.anew import Anew
from tests.benchmarks.matching.instances import mentors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.matching.engine.problem.problem import Problem

PEOPLE = 10_000
EVENTS = 10_000
CHECKS = 200
EACH = 1_000
"""So many of the events are held against a matching from the beginning, one by one, unless all are asked for."""
ALL = Path("build/benchmarks-events.json")
"""The rows of all events, which take the place of those of the first ones in the table."""
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
    """The rows of the table: half and nearly all of the events, the ratio to a new run, and what was equal."""
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
        _within(f"one event at {people:,}, half of them within", half, beside, 1),
        _within(f"one event at {people:,}, 99 of 100 within", most, beside, 10),
        Figure(
            f"one event at {people:,} against a new run",
            round(1000 * whole / half),
            "times faster",
            Reference("asked for", 100),
            round(10 * whole / half, 2),
            "at least 100 times faster",
            1000 * whole / half >= 100,
        ),
        _equal(f"moments at {people:,} equal to a new run", "moments", equal, "looked at", len(scratch)),
        *every_event(people, events, each),
        _equal(f"events at {people // _SMALL:,} equal to a new run", "events", small, "tried", tried),
    ]


def every_event(
    people: int = PEOPLE,
    events: int = EVENTS,
    each: int = EVENTS,
    told: Callable[[list[Figure]], None] = lambda _: None,
) -> list[Figure]:
    """The rows of the first `each` events: after how many the matching was right, and how often all lists were.

    `told` hears of the rows as they are whenever the lists have been looked at.
    """
    live = LiveMatching(mentors(people))
    anew = Anew(live.problem)
    equal = whole = looked = 0
    rows: list[Figure] = []
    for tried, happen in enumerate(islice(happenings(live, mentors(people // 4, seed=2), events), each), 1):
        happen()
        equal += anew.matching(live.problem) == live.matching
        if tried % _LISTS_EVERY == 0 or tried == each:
            looked += 1
            whole += anew.holds(live.problem)
            sys.stderr.write(f"{equal:,} of {tried:,} events equal, lists right {whole} of {looked} times\n")
            after = f"events at {people:,}, after each the matching that deferred acceptance gives from its beginning"
            lists = f"moments at {people:,} at which its lists are those of a whole market"
            rows = [
                _equal(after, "events", equal, "tried", tried),
                _equal(lists, "moments", whole, "looked at", looked),
            ]
            told(rows)
    return rows


def _equal(name: str, unit: str, equal: int, counted: str, number: int) -> Figure:
    return Figure(name, equal, unit, Reference(counted, number), equal / number, "all equal", equal == number)


def _within(name: str, value: float, beside: Reference, most: float) -> Figure:
    ratio = round(value / beside.value, 5)
    return Figure(name, round(value, 3), "ms", beside, ratio, f"at most {most:g} ms", value <= most)


def _always_equal(people: int, events: int) -> tuple[int, int]:
    """How many of the events in a small pool led to what a run gives, and how many there were."""
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
    write(every_event(told=partial(write, path=ALL)), ALL)
