"""Generate facts for tests as the service does, from events in their envelopes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from services.reporting.facts.model.book import Book
from services.reporting.facts.store import fact_of
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Cell, Figure, compute
from services.reporting.periods.model.periods import parse
from shared.bus.log.envelope import Envelope
from shared.contracts import EVENTS
from shared.contracts import _examples as ex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.reporting.facts.model.facts import Fact

SPACE = UUID("0190a000-0000-7000-8000-0000000000bb")
YEAR = parse("2026")
LATER = datetime(2027, 6, 1, tzinfo=UTC)


def ident(*parts: object) -> UUID:
    """Return an id that is the same in each run."""
    return uuid5(SPACE, "/".join(str(part) for part in parts))


def fact(type_: str, subject: object, at: str = "2026-03-20", *, sequence: int = 1, **changes: Any) -> Fact:
    """Return the fact of an event: its example with changes, about the subject of that name, at noon of a day."""
    model = EVENTS[type_]
    event = model.model_validate({**model.example, **changes})
    subject_id = str(subject if isinstance(subject, UUID) else ident(subject))
    time = datetime.fromisoformat(f"{at}T12:00:00+00:00")
    id_ = ident(type_, subject_id, sequence, at, event.model_dump_json())
    return fact_of(
        Envelope(id_, type_, "urn:tandem:tests", subject_id, model.topic, time, sequence, subject_id, None, None, event)
    )


def plan(n: object = 0, **changes: Any) -> dict[str, Any]:
    """Return the plan of a visit, of the application and with the match of that name."""
    ids = {"application_id": ident("application", n), "match_id": ident("match", n), "offer_id": UUID(ex.OFFER)}
    return {**ex.VISIT_PLAN, **ids, **changes}


def visit(n: object, ended: str = "2026-03-20", *, attended: int = 5, **changes: Any) -> list[Fact]:
    """Return the facts of a visit that ended on a day; completed if all five days were attended."""
    about = plan(n, **changes)
    name = ident("visit", n)
    facts = [fact("VisitEnded", name, ended, sequence=3, plan=about, attended_days=attended, ended_on=ended)]
    if attended == 5:
        facts.append(fact("VisitCompleted", name, ended, sequence=4, plan=about, attended_days=5, ended_on=ended))
    return facts


def counted(n: object, key: int, sex: str | None = "female") -> Fact:
    """Return the key under which the person of an application is counted."""
    return fact("CountingKeyAssigned", ident("application", n), "2026-01-10", counting_key=f"{key:032x}", sex=sex)


def figure(indicator: str, facts: Iterable[Fact], period: str = "2026", cut_off: datetime = LATER) -> Figure:
    """Return the figure of an indicator from these facts."""
    return compute(INDICATORS[indicator], Book(facts, cut_off), parse(period))


def value(indicator: str, facts: Iterable[Fact], period: str = "2026") -> str | None:
    """Return the value of a figure, as text."""
    total = figure(indicator, facts, period).total.value
    return None if total is None else str(total)


def fraction(indicator: str, facts: Iterable[Fact], period: str = "2026") -> tuple[int, int]:
    """Return numerator and denominator of a figure."""
    return parts(figure(indicator, facts, period).total)


def parts(cell: Cell) -> tuple[int, int]:
    """Return numerator and denominator of a number; 0 if it has none."""
    return int(cell.numerator or 0), int(cell.denominator or 0)
