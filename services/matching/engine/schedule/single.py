"""Find the earliest lawful days of one confirmed match, or why there are none."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from services.matching.engine.problem.weeks import WEEK, monday, mondays, working_week
from services.matching.engine.schedule.request import Scheduled, SchedulePolicy, Unscheduled, VisitRequest
from shared.contracts.codes import UnschedulableCause
from shared.time.workdays import Holiday, holiday


def schedule(request: VisitRequest, policy: SchedulePolicy | None = None) -> Scheduled | Unscheduled:
    """Return the earliest lawful days of a visit, at the full length if any week has it, else the longest that one has.

    Less than the policy's minimum is never scheduled, unless less was wanted.
    """
    rules = policy or SchedulePolicy()
    best: tuple[date, ...] = ()
    causes: Counter[UnschedulableCause] = Counter()
    for _, found in weeks(request, rules):
        if isinstance(found, UnschedulableCause):
            causes[found] += 1
        elif len(found) > len(best):
            best = found
            if len(best) == request.days:
                break
    if best:
        return Scheduled(best, len(best) < request.days, estimated(request, rules, best[0]))
    return Unscheduled(tuple(causes.most_common()) or ((UnschedulableCause.NO_COMMON_WEEK, 0),))


def weeks(
    request: VisitRequest, policy: SchedulePolicy | None = None
) -> Iterator[tuple[date, tuple[date, ...] | UnschedulableCause]]:
    """Return the host's weeks in order, each a Monday with the days of the visit, or with the cause that rules it out.

    For a visit that starts with the mates of a group it is their week only.
    """
    rules = policy or SchedulePolicy()
    earliest = request.confirmed_on + rules.notice_weeks * WEEK
    least = min(rules.minimum_days, request.days)
    for start in _weeks(request):
        run = _run(request, _lawful_days(request, rules, start, earliest))
        if len(run) < least:
            yield start, _cause(request, start, earliest, least)
        elif not _place_left(request, start):
            yield start, UnschedulableCause.NO_PLACE_IN_WEEK
        else:
            yield start, run


def _weeks(request: VisitRequest) -> list[date]:
    """Return the Mondays of the weeks in which the host can."""
    found = {start for period in request.host_periods for start in mondays(period.first, period.last)}
    return sorted(found if request.together is None else found & {monday(request.together)})


def _common(request: VisitRequest, day: date) -> bool:
    """Return whether both sides can on that day."""
    return (
        any(period.holds(day) for period in request.host_periods)
        and (not request.candidate_periods or any(period.holds(day) for period in request.candidate_periods))
        and not any(period.holds(day) for period in (*request.blackouts, *request.busy))
    )


def _free_of_holidays(request: VisitRequest, rules: SchedulePolicy, day: date) -> bool:
    return not any(
        holiday(country, day, rules.extra_holidays) for country in (request.home_country, request.host_country)
    )


def _lawful_days(request: VisitRequest, rules: SchedulePolicy, start: date, earliest: date) -> list[date]:
    """Return the working days of the week on which the visit may be."""
    return [
        day
        for day in working_week(start)
        if day >= max(earliest, request.together or earliest)
        and _common(request, day)
        and _free_of_holidays(request, rules, day)
    ]


def _run(request: VisitRequest, days: list[date]) -> tuple[date, ...]:
    """Return the first days in a row, as many as wanted, or the longest run; with a group from its first day on."""
    wanted, first = request.days, request.together
    best: tuple[date, ...] = ()
    run: tuple[date, ...] = ()
    for day in days:
        run = (*run, day) if run and day - run[-1] == timedelta(days=1) else (day,)
        if len(run) > len(best) and first in {None, run[0]}:
            best = run
        if len(best) == wanted:
            break
    return best


def _place_left(request: VisitRequest, start: date) -> bool:
    return request.places is None or request.taken.get(start, 0) + request.party <= request.places.get(start, 0)


def _cause(request: VisitRequest, start: date, earliest: date, least: int) -> UnschedulableCause:
    """Return the first rule, in the order common days, notice, holidays, that leaves too few days in a row."""
    common = [day for day in working_week(start) if _common(request, day)]
    if len(_run(request, common)) < least:
        return UnschedulableCause.NO_COMMON_WEEK
    if len(_run(request, [day for day in common if day >= earliest])) < least:
        return UnschedulableCause.NOTICE_TOO_SHORT
    return UnschedulableCause.HOLIDAYS


def estimated(request: VisitRequest, rules: SchedulePolicy, start: date) -> tuple[Holiday, ...]:
    """Return holidays in the week of the visit or next to it that are estimated."""
    near = (monday(start) + timedelta(days=after) for after in range(-2, 9))
    found = (
        holiday(country, day, rules.extra_holidays)
        for day in near
        for country in (request.home_country, request.host_country)
    )
    return tuple(closure for closure in found if closure is not None and closure.estimated)
