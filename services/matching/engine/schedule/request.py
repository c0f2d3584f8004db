"""The request for a visit's dates, and its answer.

A visit takes two to five working days in a row within one week, Monday to Friday; at least some weeks after its
confirmation, on days that both sides can, on no public holiday of host or home, in a week that has a place left, never
while the guest is elsewhere, and a group on the same first day (domain.md, "Rules").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from services.matching.engine.problem.weeks import Period
from shared.contracts.codes import UnschedulableCause
from shared.time.workdays import Holiday


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePolicy:
    """The decisions of a programme: weeks of notice, fewest days of a visit, further closed days by country."""

    notice_weeks: int = 6
    minimum_days: int = 2
    extra_holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequest:
    """A confirmed match that needs dates, or has some.

    `days` are the working days wanted (1-5). `host_country` is where the visit takes place, also for an EU agency,
    whose own country has no holidays. `candidate_periods` and `host_periods` are what each side can, `blackouts` what
    either cannot; without `candidate_periods` the host's decide. `places` maps Mondays to places of the offer (None:
    as many as come), `taken` to those already scheduled. `busy` are other visits of the guest.

    `party` is how many of a group come together, each taking a place; `together` is the first day of the mates who
    have dates already. In a plan of many visits `group_id` says who starts together, and `announced` the days that
    were told to guest and host.
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
    party: int = 1
    together: date | None = None
    group_id: str | None = None
    announced: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a visit that fits into no week. Raises ValueError."""
        if not 1 <= self.days <= 5:
            raise ValueError(f"A visit lasts one to five working days, not {self.days}")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The days of a visit, in order; `shortened` if no lawful week has all the days wanted.

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
