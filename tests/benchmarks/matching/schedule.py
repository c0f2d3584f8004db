"""Measure the first plan of all visits and the proven best one, beside one visit after another and HiGHS alone.

The instances have groups of two to four, guests with two visits, and hosts with a few places a week. "HiGHS alone" is
the same model as one integer programme with one weighted sum, neither split nor shortened, for at most a minute.
"""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import highspy
import numpy as np

from services.matching.engine.problem.weeks import monday
from services.matching.engine.schedule import Draft, Plan, Scheduled, SchedulePolicy, VisitRequest, schedule
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.instances import visits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.matching.engine.schedule.options import Options

POLICY = SchedulePolicy()
_LIMIT = 60.0
_FIRST_MS, _NEAR = 40.0, 1.5
_PROVEN = {1000: 5.0, 5000: 15.0}


def linked(count: int, *, seed: int = 1) -> list[VisitRequest]:
    """Return `count` visits: one in eight leads a group, one in twenty is a second visit of a guest."""
    dice = random.Random(f"linked/{seed}")
    found = list(visits(count, seed=seed))
    at = 0
    while at < count:
        lead = found[at]
        size = min(dice.randint(2, 4), count - at) if dice.random() < 1 / 8 else 1
        if size > 1:
            for mate in range(at, at + size):
                found[mate] = replace(lead, candidate_id=found[mate].candidate_id, group_id=f"group-{at}")
        elif at and dice.random() < 1 / 20:
            found[at] = replace(lead, candidate_id=found[dice.randrange(at)].candidate_id)
        at += size
    return found


def measure() -> list[Figure]:
    """First answer and proven optimum at 1,000 and at 5,000 visits."""
    figures = []
    for count, most in _PROVEN.items():
        requests = linked(count)
        draft = Draft.of(requests, POLICY)
        if count == min(_PROVEN):
            figures.append(_first(requests))
        started = perf_counter()
        best = draft.best(seconds=_LIMIT)
        took = perf_counter() - started
        if count == min(_PROVEN):
            figures += _near(draft.first, best)
        alone = _highs(draft.first.given)
        figures.append(
            Figure(
                f"schedule: {count:,} visits to the {'proven optimum' if best.proven else 'best found, not proven'}",
                round(took, 2),
                "s",
                Reference("HiGHS alone" + (" (stopped)" if alone >= _LIMIT else ""), round(alone, 2)),
                round(took / alone, 3),
                f"proven in at most {most:g} s",
                best.proven and took <= most,
            )
        )
    return figures


def _first(requests: Sequence[VisitRequest]) -> Figure:
    """Return the time of a first plan, beside giving each visit its earliest week in turn."""
    took, turns = [], []
    for _ in range(5):
        started = perf_counter()
        Draft.of(requests, POLICY)
        took.append(1000 * (perf_counter() - started))
        started = perf_counter()
        one_after_another(requests)
        turns.append(1000 * (perf_counter() - started))
    value, beside = median(took), median(turns)
    return Figure(
        f"schedule: {len(requests):,} visits, first answer",
        round(value, 1),
        "ms",
        Reference("one visit after the other", round(beside)),
        round(value / beside, 3),
        f"at most {_FIRST_MS:g} ms",
        value <= _FIRST_MS,
    )


def _near(first: Plan, best: Plan) -> list[Figure]:
    """Compare the first plan with the optimum: days of visits, and weeks of waiting."""
    beside = "proven optimum" if best.proven else "best found"
    name = f"schedule: {len(first.days):,} visits, first answer: "
    days, most = (sum(len(days) for days in plan.days) for plan in (first, best))
    wait, least = first.cost.weeks, best.cost.weeks
    return [
        Figure(
            name + "days of visits",
            days,
            "days",
            Reference(beside, most),
            round(days / most, 4),
            f"at most {_NEAR:g} % fewer",
            days >= most * (1 - _NEAR / 100),
        ),
        Figure(
            name + "weeks of waiting",
            wait,
            "weeks",
            Reference(beside, least),
            round(wait / least, 4),
            f"at most {_NEAR:g} % more",
            wait <= least * (1 + _NEAR / 100),
        ),
    ]


def one_after_another(requests: Sequence[VisitRequest]) -> int:
    """Give each visit in turn the earliest lawful week that is left, without groups; return how many got one."""
    taken: dict[str, dict[date, int]] = {}
    done = 0
    for request in requests:
        own = taken.setdefault(request.seat_id, {})
        answer = schedule(replace(request, taken=own), POLICY)
        if isinstance(answer, Scheduled):
            own[monday(answer.start)] = own.get(monday(answer.start), 0) + 1
            done += 1
    return done


def _highs(given: Options) -> float:
    """Seconds that HiGHS takes for all visits as one programme, at most the limit."""
    options, units, weeks = len(given.unit), given.units, given.calendar.weeks
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # HiGHS leaves it without types
    solver.silent()
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("time_limit", _LIMIT)
    scale = 10 * given.calendar.weeks
    cost = (given.short * scale + given.wait).tolist()
    none = (given.size * 100 * scale).tolist()
    places: dict[tuple[int, int], list[tuple[int, int]]] = {}
    uses: dict[int, list[tuple[int, int]]] = {}
    for unit, seat, count in zip(
        given.use_unit.tolist(), given.use_seat.tolist(), given.use_count.tolist(), strict=True
    ):
        uses.setdefault(unit, []).append((seat, count))
    for option, (unit, week) in enumerate(zip(given.unit.tolist(), given.week.tolist(), strict=True)):
        for seat, count in uses[unit]:
            places.setdefault((seat, week), []).append((option, count))
    days: dict[tuple[str, int], list[int]] = {}
    for guest, own in given.shared.items():
        for unit in own:
            for option in range(int(given.start[unit]), int(given.start[unit + 1])):
                first = given.day(option)
                for day in range(first, first + int(given.length[option])):
                    days.setdefault((guest, day), []).append(option)
    columns = options + units
    solver.addVars(columns, np.zeros(columns), np.ones(columns))
    solver.changeColsCost(columns, np.arange(columns, dtype=np.int32), np.array(cost + none, np.float64))
    kinds = np.full(columns, highspy.HighsVarType.kInteger, dtype=np.uint8)
    solver.changeColsIntegrality(columns, np.arange(columns, dtype=np.int32), kinds)
    for unit in range(units):
        own_options = [*range(int(given.start[unit]), int(given.start[unit + 1])), options + unit]
        _row(solver, 1.0, 1.0, [(option, 1) for option in own_options])
    for (seat, week), entries in sorted(places.items()):
        assert week < weeks
        _row(solver, -highspy.kHighsInf, float(given.calendar.free[seat, week]), entries)
    for _, own in sorted(days.items()):
        _row(solver, -highspy.kHighsInf, 1.0, [(option, 1) for option in own])
    started = perf_counter()
    solver.run()
    return perf_counter() - started


def _row(solver: highspy.Highs, least: float, most: float, entries: Sequence[tuple[int, int]]) -> None:
    index = np.array([index for index, _ in entries], np.int32)
    amount = np.array([factor for _, factor in entries], np.float64)
    solver.addRow(least, most, len(entries), index, amount)
