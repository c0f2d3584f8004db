"""Generate applications for tests as facts: received, matched or not, completed or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from services.reporting.facts.model.book import Book
from services.reporting.indicators.model.catalogue import INDICATORS, OWN
from services.reporting.indicators.model.demand import RECEIVED
from services.reporting.indicators.model.figure import compute
from services.reporting.periods.model.periods import parse
from shared.contracts import _examples as ex
from tests.unit.reporting.fact_samples import fact, ident, plan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.reporting.facts.model.facts import Fact
    from services.reporting.indicators.model.figure import Figure

LATER = datetime(2028, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SampleApplication:
    """An application: its officer, its demand and its result.

    `became` is `completed`, `matched`, the hard rule that left no place, `taken` (others got the places), `withdrawn`,
    or `open`.
    """

    country: str = "MD"
    topic: str = "online_crime"
    language: str = "en"
    level: int = 2
    became: str = "open"
    day: date = date(2026, 1, 16)

    def facts(self, n: object) -> list[Fact]:
        """Return its facts, as application `n`."""
        application = ident("application", n)
        profile: dict[str, object] = {
            **ex.PROFILE,
            "country": self.country,
            "topics": [self.topic],
            "languages": [{"language": "ro", "level": "NS"}, {"language": self.language, "level": "B2"}],
            "expertise": [{"area": "analysis", "level": self.level, "years": 3}],
        }
        facts_of = [fact("ApplicationSubmitted", application, self.day.isoformat(), profile=profile)]
        later = (self.day + timedelta(days=20)).isoformat()
        match self.became:
            case "open":
                pass
            case "withdrawn":
                facts_of.append(fact("ApplicationDecided", application, later, sequence=2, outcome="withdrawn"))
            case "matched" | "completed":
                pairing = {**ex.PAIRING, "application_id": application}
                facts_of.append(fact("MatchConfirmed", ident("match", n), later, pairing=pairing))
                if self.became == "completed":
                    facts_of.append(self._completed(n))
            case rule:
                facts_of.append(no_match(application, later, rule))
        return facts_of

    def _completed(self, n: object) -> Fact:
        end = (self.day + timedelta(days=60)).isoformat()
        about = plan(n, country=self.country, topic=self.topic)
        return fact("VisitCompleted", ident("visit", n), end, sequence=4, plan=about, attended_days=5, ended_on=end)


def no_match(application: UUID, day: str, rule: str, *, sequence: int = 1) -> Fact:
    """Return a receipt without a match: the rule that left no place, or `taken`."""
    funnel = [] if rule == "taken" else [{"rule": "cross_border", "remaining": 9}, {"rule": rule, "remaining": 0}]
    feasible = 2 if rule == "taken" else 0
    return fact("NoMatchExplained", application, day, sequence=sequence, funnel=funnel, feasible=feasible)


def counted(facts: Iterable[Fact], label: str = "2026") -> dict[str, Figure]:
    """Return the figures of demand, and other figures of a period, by id."""
    book = Book(facts, LATER)
    return {each.id: compute(each, book, parse(label)) for each in (INDICATORS[RECEIVED], *OWN.values())}


def facts_of(people: Iterable[SampleApplication]) -> list[Fact]:
    """Return the facts of several applications, numbered."""
    return [each for n, application in enumerate(people) for each in application.facts(n)]
