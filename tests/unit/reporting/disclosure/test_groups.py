"""Groups are attacked as values are: over tables that share them, over statements, and within their total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure.model import EarlierRelease, decide, release
from services.reporting.disclosure.model.attack import Attack
from services.reporting.disclosure.model.links import LINKS, linked
from services.reporting.disclosure.model.tables import Row, Table, tables_of
from services.reporting.facts.model.book import Book
from services.reporting.groupings.model import Levels
from services.reporting.indicators.model.catalogue import INDICATORS, OWN
from services.reporting.indicators.model.demand import RECEIVED
from services.reporting.indicators.model.figure import compute
from services.reporting.periods.model import periods
from shared.contracts.codes import OTHER
from tests.unit.reporting.application_samples import LATER, SampleApplication, facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.indicators.model.figure import Figure

LEVELS = Levels({"country-of-service": "region", "priority-topic": "family", "language": "family"})
HALF = periods.parse("2026-H1")
DIMENSION = "country-of-service"


def counted(people: Sequence[SampleApplication]) -> list[Figure]:
    """Return the figures of demand of a half-year, counted by groups."""
    book = Book(facts_of(people), LATER, levels=LEVELS)
    return [compute(each, book, HALF) for each in (INDICATORS[RECEIVED], *OWN.values())]


def applications(**numbers: int) -> list[SampleApplication]:
    """Return so many applications from each country, all still open."""
    return [SampleApplication(country=country) for country, number in numbers.items() for _ in range(number)]


def test_joint_groups_add_up_to_the_groups_of_their_parts() -> None:
    """Each sum of rows that the attack uses between values holds between groups too."""
    became = ("completed", "matched", "taken", "common_language", "open")
    people = [
        SampleApplication(country, topic, language, 2, result)
        for country in ("AM", "GE", "MD", "FR")
        for topic in ("online_crime", "economic_financial_crime", "drug_trafficking")
        for language in ("en", "fr", "de")
        for result in became
    ]
    tables = [table for figure in counted(people) for table in tables_of(figure)]
    assert {link for link, *_ in linked(tables)} == set(LINKS)


def test_a_group_that_stays_does_not_reveal_one_that_moves() -> None:
    """Of six late applications five are from the South Caucasus, whose row is hidden: the sixth is from elsewhere."""
    before = applications(AM=12, GE=8, MD=15, UA=15, FR=30, PL=3, SE=9)
    was, now = counted(before), counted([*before, *applications(AM=3, GE=2, PL=1)])
    [first] = [each for each in release(was) if each.definition.id == RECEIVED]
    assert first.breakdowns[DIMENSION]["south_caucasus"].value == 20
    shown = release(now, [EarlierRelease(was, decide(was))], statement=2)
    [second] = [each for each in shown if each.definition.id == RECEIVED]
    rows = second.breakdowns[DIMENSION]
    assert second.total.value == 98
    assert "south_caucasus" not in rows or rows["south_caucasus"].value is None


def test_the_group_of_all_other_values_is_a_part_of_the_total() -> None:
    """Three in no named group follow from the total and the groups beside them."""
    rows = {
        "eu_east": Row((20.0,), 20),
        "eu_west": Row((30.0,), 30),
        OTHER: Row((3.0,), 3, few=True, shown=False),
    }
    found = Attack([Table("TOPCOP-OP-02", "host-country", HALF.label, HALF.start, HALF.end, (53.0,), rows)]).weak()
    assert found is not None
    assert (found.target.value, found.least, found.most) == (OTHER, 3, 3)
