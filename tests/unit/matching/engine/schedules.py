"""Random visits to plan, the rules of their dates in plain Python, and the best plan by exhaustive search."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.matching.engine.problem.weeks import Period, monday
from services.matching.engine.schedule import Cost, SchedulePolicy, VisitRequest
from shared.time.workdays import public_holidays

if TYPE_CHECKING:
    import random

CONFIRMED = date(2027, 3, 3)
HOSTS = ("DE", "FR", "PL", "GR", "EU")
HOMES = ("AM", "GE", "MD", "UA")
Days = tuple[date, ...]


def visits(dice: random.Random, number: int, *, weeks: int = 5, announced: bool = False) -> list[VisitRequest]:
    """Return visits to two seats within some weeks: groups, guests with several visits, few places.

    With `announced` most of them have announced dates, lawful or not.
    """
    first = monday(CONFIRMED) + timedelta(weeks=7)
    reach = 7 * weeks

    def period(longest: int) -> Period:
        start = first + timedelta(days=dice.randrange(reach))
        return Period(start, start + timedelta(days=dice.randint(1, longest)))

    seats = [
        {
            "seat_id": f"s{seat}",
            "host_country": dice.choice(HOSTS),
            "host_periods": tuple(period(reach) for _ in range(dice.randint(1, 2))),
            "places": None
            if dice.random() < 0.1
            else {first + timedelta(weeks=week): dice.randint(0, 2) for week in range(-1, 2 * weeks + 1)},
        }
        for seat in range(2)
    ]
    found: list[VisitRequest] = []
    while len(found) < number:
        size = dice.choice([1, 1, 1, 2, 3])
        seat, length, home = dice.choice(seats), dice.randint(2, 5), dice.choice(HOMES)
        announced_day = first + timedelta(weeks=dice.randrange(weeks), days=dice.randint(0, 5 - length))
        group = f"g{len(found)}" if size > 1 else None
        for _ in range(min(size, number - len(found))):
            request = VisitRequest(
                candidate_id=f"c{len(found)}" if group or dice.random() < 0.7 else f"c{dice.randrange(len(found) + 1)}",
                home_country=home,
                confirmed_on=CONFIRMED,
                days=length,
                candidate_periods=tuple(period(reach) for _ in range(dice.randint(0, 2))),
                blackouts=tuple(period(4) for _ in range(dice.randint(0, 1))),
                busy=tuple(period(2) for _ in range(dice.randint(0, 1))),
                group_id=group,
                **seat,  # type: ignore[arg-type]  # fields of many types
            )
            if announced and dice.random() < 0.8:
                request = replace(
                    request, announced=tuple(announced_day + timedelta(days=day) for day in range(length))
                )
            found.append(request)
    return found


def may(request: VisitRequest, day: date, policy: SchedulePolicy, *, announced: bool) -> bool:
    """Return whether a visit may be on a day; announced days kept the notice when they were announced."""
    closed = any(
        day in public_holidays(country, day.year) or day in policy.extra_holidays.get(country, ())
        for country in (request.home_country, request.host_country)
    )
    return (
        day.weekday() < 5
        and not closed
        and (announced or day - request.confirmed_on >= timedelta(weeks=policy.notice_weeks))
        and any(period.first <= day <= period.last for period in request.host_periods)
        and (
            not request.candidate_periods
            or any(period.first <= day <= period.last for period in request.candidate_periods)
        )
        and not any(period.first <= day <= period.last for period in (*request.blackouts, *request.busy))
    )


def mistakes(requests: list[VisitRequest], plan: list[Days], policy: SchedulePolicy) -> list[str]:
    """Return what is unlawful about a plan, in words."""
    found = []
    used: Counter[tuple[str, date]] = Counter()
    guests: dict[str, list[date]] = defaultdict(list)
    starts: dict[str, set[date | None]] = defaultdict(set)
    for request, days in zip(requests, plan, strict=True):
        if request.group_id:
            starts[request.group_id].add(days[0] if days else None)
        if not days:
            continue
        if not all(may(request, day, policy, announced=days == request.announced) for day in days):
            found.append(f"{request.candidate_id} is away on a day that is not free")
        if [day - days[0] for day in days] != [timedelta(days=after) for after in range(len(days))]:
            found.append(f"{request.candidate_id} has a gap")
        if len(days) > request.days or len(days) < min(policy.minimum_days, request.days):
            found.append(f"{request.candidate_id} has {len(days)} days of {request.days}")
        used[request.seat_id, monday(days[0])] += 1
        guests[request.candidate_id] += days
    for request in requests:
        for (seat, week), number in used.items():
            if seat != request.seat_id or request.places is None:
                continue
            if number > request.places.get(week, 0) - request.taken.get(week, 0):
                found.append(f"{seat} is overfull in {week}")
    found += [f"{guest} is at two places at once" for guest, days in guests.items() if len(days) > len(set(days))]
    found += [f"{group} does not start together" for group, days in starts.items() if len(days) > 1]
    return found


def cost(requests: list[VisitRequest], plan: list[Days], policy: SchedulePolicy) -> Cost:
    """Return the cost of a plan, counted visit by visit."""
    together: dict[str, list[VisitRequest]] = defaultdict(list)
    for at, request in enumerate(requests):
        together[request.group_id or str(at)].append(request)
    total = Cost()
    for at, (request, days) in enumerate(zip(requests, plan, strict=True)):
        if not days:
            total = total.plus(Cost(unscheduled=1))
            continue
        wanted, week = len(request.announced) or request.days, monday(days[0])
        if request.announced:
            away = abs((week - monday(request.announced[0])).days) // 7
        else:
            away = (week - choices(together[request.group_id or str(at)], policy)[0][0]).days // 7
        total = total.plus(Cost(0, wanted - len(days), int(request.announced not in {(), days}), abs(away)))
    return total


def choices(unit: list[VisitRequest], policy: SchedulePolicy) -> list[tuple[date, list[Days]]]:
    """Return the weeks of a unit with its members' days: announced days if lawful, else the first longest run."""
    weeks = sorted(
        {
            monday(period.first) + timedelta(weeks=after)
            for request in unit
            for period in request.host_periods
            for after in range((period.last - monday(period.first)).days // 7 + 1)
        }
    )
    found = []
    for week in weeks:
        days = [week + timedelta(days=after) for after in range(5)]
        seats = Counter(request.seat_id for request in unit)
        if any(
            request.places is not None
            and request.places.get(week, 0) - request.taken.get(week, 0) < seats[request.seat_id]
            for request in unit
        ):
            continue
        announced = next(
            (request.announced for request in unit if request.announced and _holds(unit, request, week, policy)), None
        )
        lawful = [all(may(request, day, policy, announced=False) for request in unit) for day in days]
        longest = max(len(request.announced) or request.days for request in unit)
        runs = [
            days[begin:end]
            for begin, end in itertools.combinations(range(6), 2)
            if all(lawful[begin:end]) and end - begin <= longest
        ]
        best = list(announced) if announced else max(runs, key=lambda run: (len(run), -run[0].toordinal()), default=[])
        own = [tuple(best[: len(request.announced) or request.days]) for request in unit]
        least = [min(policy.minimum_days, len(request.announced) or request.days) for request in unit]
        if best and all(len(days) >= fewest for days, fewest in zip(own, least, strict=True)):
            found.append((week, own))
    return found


def _holds(unit: list[VisitRequest], announced: VisitRequest, week: date, policy: SchedulePolicy) -> bool:
    return monday(announced.announced[0]) == week and all(
        may(request, day, policy, announced=True) for request in unit for day in announced.announced
    )


def best_of_all(requests: list[VisitRequest], policy: SchedulePolicy) -> Cost:
    """Return the cost of the best plan, by trying every combination of weeks."""
    units: dict[str, list[int]] = defaultdict(list)
    for at, request in enumerate(requests):
        units[request.group_id or str(at)].append(at)
    members = list(units.values())
    ways: list[list[list[Days]]] = []
    for unit in members:
        nowhere: list[Days] = [()] * len(unit)
        ways.append([*(own for _, own in choices([requests[at] for at in unit], policy)), nowhere])
    best = Cost(len(requests) + 1)
    for combination in itertools.product(*ways):
        plan: list[Days] = [()] * len(requests)
        for unit, own in zip(members, combination, strict=True):
            for at, days in zip(unit, own, strict=True):
                plan[at] = days
        if not mistakes(requests, plan, policy):
            best = min(best, cost(requests, plan, policy))
    return best
