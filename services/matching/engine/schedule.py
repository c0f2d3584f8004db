"""When does a confirmed match travel? The earliest lawful days, or why there are none.

A visit takes two to five working days in a row within one week, Monday to Friday; at least some weeks after its
confirmation, on days that both sides can, on no public holiday of host or home, in a week that has a place left, and
never while the guest is elsewhere (domain.md, "Rules").
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from services.matching.engine.weeks import WEEK, Period, monday, mondays, working_week
from shared.contracts.codes import UnschedulableCause
from shared.workdays import Holiday, holiday


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePolicy:
    """What a programme decides: weeks of notice, fewest days of a visit, further closed days by country."""

    notice_weeks: int = 6
    minimum_days: int = 2
    extra_holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequest:
    """A confirmed match that needs dates.

    `days` are the working days wanted (2-5). `host_country` is where the visit takes place, also for an EU agency,
    whose own country has no holidays. `candidate_periods` and `host_periods` are what each side can, `blackouts` what
    either cannot; without `candidate_periods` the host's decide. `places` maps Mondays to places of the offer (None:
    as many as come), `taken` to those already scheduled. `busy` are other visits of the guest.
    """

    candidate_id: str
    seat_id: str
    home_country: str
    host_country: str
    confirmed_on: date
    days: int
    host_periods: tuple[Period, ...]
    candidate_periods: tuple[Period, ...] = ()
    blackouts: tuple[Period, ...] = ()
    places: Mapping[date, int] | None = None
    taken: Mapping[date, int] = field(default_factory=dict)
    busy: tuple[Period, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a visit that fits into no week. Raises ValueError."""
        if not 1 <= self.days <= 5:
            raise ValueError(f"A visit lasts one to five working days, not {self.days}")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The days of a visit, in order; `shortened` where no lawful week has all the days wanted.

    `estimated` are holidays of the week whose day is not yet announced: they may still move onto the visit.
    """

    days: tuple[date, ...]
    shortened: bool = False
    estimated: tuple[Holiday, ...] = ()

    @property
    def start(self) -> date:
        """The first day."""
        return self.days[0]

    @property
    def end(self) -> date:
        """The last day."""
        return self.days[-1]


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """No lawful week: how many of the host's weeks each cause ruled out, the most frequent first."""

    causes: tuple[tuple[UnschedulableCause, int], ...]

    @property
    def cause(self) -> UnschedulableCause:
        """The cause that ruled out most weeks."""
        return self.causes[0][0]


def schedule(request: VisitRequest, policy: SchedulePolicy | None = None) -> Scheduled | Unscheduled:
    """The earliest lawful days of a visit, at the full length if any week has it, else the longest that one has.

    Less than the policy's minimum is never scheduled, unless less was wanted.
    """
    rules = policy or SchedulePolicy()
    earliest = request.confirmed_on + rules.notice_weeks * WEEK
    least = min(rules.minimum_days, request.days)
    best: tuple[date, ...] = ()
    causes: Counter[UnschedulableCause] = Counter()
    for start in _weeks(request):
        run = _first_run(_lawful_days(request, rules, start, earliest), request.days)
        if len(run) < least:
            causes[_cause(request, start, earliest, least)] += 1
        elif not _place_left(request, start):
            causes[UnschedulableCause.NO_PLACE_IN_WEEK] += 1
        elif len(run) > len(best):
            best = run
            if len(best) == request.days:
                break
    if best:
        return Scheduled(best, len(best) < request.days, _estimated(request, rules, best[0]))
    return Unscheduled(tuple(causes.most_common()) or ((UnschedulableCause.NO_COMMON_WEEK, 0),))


def schedule_all(
    requests: Iterable[VisitRequest], policy: SchedulePolicy | None = None
) -> list[Scheduled | Unscheduled]:
    """Dates for several visits, one after the other in the order given; each takes its place in its week.

    Nobody is sent to two places at once, and no week of an offer takes more guests than it has places.
    """
    taken: dict[str, Counter[date]] = {}
    busy: dict[str, list[Period]] = {}
    answers: list[Scheduled | Unscheduled] = []
    for request in requests:
        own = taken.setdefault(request.seat_id, Counter())
        elsewhere = busy.setdefault(request.candidate_id, [])
        answer = schedule(_after(request, own, elsewhere), policy)
        if isinstance(answer, Scheduled):
            own[monday(answer.start)] += 1
            elsewhere.append(Period(answer.start, answer.end))
        answers.append(answer)
    return answers


def _after(request: VisitRequest, taken: Mapping[date, int], busy: Iterable[Period]) -> VisitRequest:
    """The request once other visits have been scheduled."""
    both = Counter(dict(request.taken))
    both.update(taken)
    return replace(request, taken=both, busy=(*request.busy, *busy))


def _weeks(request: VisitRequest) -> list[date]:
    """The Mondays of the weeks in which the host can."""
    return sorted({start for period in request.host_periods for start in mondays(period.first, period.last)})


def _common(request: VisitRequest, day: date) -> bool:
    """Whether both sides can on that day."""
    return (
        any(period.holds(day) for period in request.host_periods)
        and (not request.candidate_periods or any(period.holds(day) for period in request.candidate_periods))
        and not any(period.holds(day) for period in (*request.blackouts, *request.busy))
    )


def _free_of_holidays(request: VisitRequest, rules: SchedulePolicy, day: date) -> bool:
    return not any(holiday(one, day, rules.extra_holidays) for one in (request.home_country, request.host_country))


def _lawful_days(request: VisitRequest, rules: SchedulePolicy, start: date, earliest: date) -> list[date]:
    """The working days of the week on which the visit may be."""
    return [
        day
        for day in working_week(start)
        if day >= earliest and _common(request, day) and _free_of_holidays(request, rules, day)
    ]


def _first_run(days: list[date], wanted: int) -> tuple[date, ...]:
    """The first days in a row, as many as wanted, or the longest there are."""
    best: tuple[date, ...] = ()
    run: tuple[date, ...] = ()
    for day in days:
        run = (*run, day) if run and day - run[-1] == timedelta(days=1) else (day,)
        if len(run) > len(best):
            best = run
        if len(best) == wanted:
            break
    return best


def _place_left(request: VisitRequest, start: date) -> bool:
    return request.places is None or request.taken.get(start, 0) < request.places.get(start, 0)


def _cause(request: VisitRequest, start: date, earliest: date, least: int) -> UnschedulableCause:
    """The first rule, in the order common days, notice, holidays, after which too few days in a row are left."""
    common = [day for day in working_week(start) if _common(request, day)]
    if len(_first_run(common, request.days)) < least:
        return UnschedulableCause.NO_COMMON_WEEK
    if len(_first_run([day for day in common if day >= earliest], request.days)) < least:
        return UnschedulableCause.NOTICE_TOO_SHORT
    return UnschedulableCause.HOLIDAYS


def _estimated(request: VisitRequest, rules: SchedulePolicy, start: date) -> tuple[Holiday, ...]:
    """Holidays in the week of the visit or next to it that are estimated."""
    near = (monday(start) + timedelta(days=after) for after in range(-2, 9))
    found = (
        holiday(country, day, rules.extra_holidays)
        for day in near
        for country in (request.home_country, request.host_country)
    )
    return tuple(one for one in found if one is not None and one.estimated)
