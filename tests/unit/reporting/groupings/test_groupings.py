"""Groups of values: each value stands in one, figures count by them, and a level's cost is what the gate shows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from services.reporting.disclosure.model import Released, ReleasedCell
from services.reporting.disclosure.views import groups_in, named_groups
from services.reporting.facts.model.book import Book
from services.reporting.facts.store import fact_of
from services.reporting.groupings.actions.costs import measure
from services.reporting.groupings.model import Levels
from services.reporting.indicators.model.catalogue import COUNTED, figures
from services.reporting.indicators.model.figure import compute, joined, parts_of, split
from services.reporting.indicators.model.reciprocity import HOSTED, SENT
from services.reporting.needs.documents import description
from services.reporting.needs.model import Need
from services.reporting.overview.views.charts import reciprocity
from services.reporting.periods.model.approval import Approval
from services.reporting.periods.model.periods import parse
from shared.bus.log.envelope import Envelope
from shared.contracts.codes import COUNTRIES, GROUPINGS, LANGUAGES, OTHER, PRIORITIES, RankGroup, group_of
from tests.integration.reporting.world import ident, world
from tests.unit.reporting.application_samples import LATER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.reporting.facts.model.facts import Fact
    from services.reporting.indicators.model.figure import Figure
    from tests.integration.reporting.world import WorldEvent

VALUES_OF = {
    "country-of-service": set(COUNTRIES),
    "host-country": set(COUNTRIES),
    "priority-topic": {code for topics in PRIORITIES.values() for code in topics},
    "rank-group": {each.value for each in RankGroup},
    "language": set(LANGUAGES),
}
LEVELS = Levels({"country-of-service": "region", "host-country": "side", "priority-topic": "family"})


def facts_of(events: Iterable[WorldEvent]) -> list[Fact]:
    """Return the facts of a programme's events."""
    return [
        fact_of(
            Envelope(
                ident("event", place), each.event.type, "urn:tandem:tests", str(each.subject), each.event.topic,
                each.at, place + 1, str(each.story), None, None, each.event,
            )
        )
        for place, each in enumerate(events)
    ]  # fmt: skip


@pytest.mark.parametrize("dimension", GROUPINGS)
def test_each_value_stands_in_one_group_of_each_level(dimension: str) -> None:
    """The groups of a level have every value of the code list, and none twice; no group has the name of a value."""
    finest, *coarser = GROUPINGS[dimension]
    assert finest.groups == ()
    for level in coarser:
        values = [value for group in level.groups for value in group.values]
        assert sorted(values) == sorted(VALUES_OF[dimension])
        assert not {group.code for group in level.groups} & VALUES_OF[dimension]


def test_a_topic_of_the_earlier_scheme_stands_with_its_successor() -> None:
    """An older topic is in the family of the topic that succeeds it, so that families stay the same over the years."""
    families = group_of("priority-topic", "family")
    old = PRIORITIES["empact-2022"]
    assert all(families[code] == families[topic.successors[0]] for code, topic in old.items())


def test_groups_are_counted_as_the_values_that_they_hold() -> None:
    """Each part of a grouped figure has the units of its values; what was not said and what is unknown stay apart."""
    facts = facts_of(world(24))
    fine, coarse = (
        {each.definition.id: each for each in figures(Book(facts, LATER, levels=levels), parse("2026"))}
        for levels in (Levels(), LEVELS)
    )
    assert fine.keys() == coarse.keys()
    for name, figure in fine.items():
        assert coarse[name].total == figure.total
        for dimension, cells in figure.breakdowns.items():
            parts = parts_of(dimension)
            wanted: dict[str, set[object]] = {}
            for value, cell in cells.items():
                group = joined(LEVELS.group(part, each) for part, each in zip(parts, split(value), strict=True))
                wanted.setdefault(group, set()).update(cell.events)
            assert {value: set(cell.events) for value, cell in coarse[name].breakdowns[dimension].items()} == wanted
    visits = coarse["TOPCOP-OP-02"].breakdowns
    assert {value: cell.value for value, cell in visits["country-of-service"].items()} == {
        "eastern_neighbours": 12,
        "south_caucasus": 12,
    }
    assert {value: cell.value for value, cell in visits["host-country"].items()} == {"european_union": 24}
    assert [LEVELS.group("host-country", each) for each in ("unsaid", "XX", "GE")] == [
        "unsaid",
        "other_group",
        "eastern_partnership",
    ]


def test_the_group_of_all_other_values_is_described() -> None:
    """The description of a file says which values the group “other” holds, of needs and of figures."""
    people = [Need("UA", OTHER, None, 1, 6, date(2026, 1, 1), date(2026, 12, 31))]
    described = json.loads(description([], people, Approval(parse("2026")), table="needs.csv"))
    words = {each["name"]: each["dc:description"] for each in described["tableSchema"]["columns"]}
    assert "Groups: other_group: every value that no other group has" in words["topic"]
    assert "Groups" not in words["country"]
    cells = {OTHER: ReleasedCell(Decimal(9)), "eu_agencies": ReleasedCell(Decimal(7))}
    visits = Released(COUNTED["TOPCOP-OP-02"], parse("2026"), LATER, ReleasedCell(Decimal(16)), {"host-country": cells})
    assert groups_in([visits]) == [
        "host-country eu_agencies: EU",
        "host-country other_group: every value that no other group has",
    ]
    assert named_groups([visits])[-1] == ("Other", "every value that no other group has")


def test_the_cost_of_a_level_is_what_the_gate_shows() -> None:
    """Of eight visits from four countries no country is shown; both regions are, with all visits."""
    facts = facts_of(world(16, running=0))

    def count(levels: Levels) -> list[Figure]:
        return figures(Book(facts, LATER, levels=levels), parse("2026"))

    costs = measure(count, Levels(), 60)
    assert costs.visits == 16
    assert set(costs.levels) == {(each, level.code) for each, levels in GROUPINGS.items() for level in levels}
    countries, regions = (costs.levels["country-of-service", each] for each in ("values", "region"))
    assert countries.shown < regions.shown
    assert countries.share < regions.share
    assert costs.recommended("country-of-service") == "region"


def test_a_level_not_proven_in_time_has_no_cost() -> None:
    """A level that is not proven within the time has no cost."""
    facts = facts_of(world(16, running=0))
    costs = measure(lambda levels: figures(Book(facts, LATER, levels=levels), parse("2026")), Levels(), 0)
    assert (costs.visits, costs.levels) == (16, {})
    assert costs.recommended("host-country") is None


def released(indicator: str, dimension: str, **days: int) -> Released:
    """Return person-days by country or group, all shown."""
    cells = {value: ReleasedCell(Decimal(number), Decimal(number)) for value, number in days.items()}
    total = ReleasedCell(Decimal(sum(days.values())))
    return Released(COUNTED[indicator], parse("2026"), datetime(2027, 1, 1, tzinfo=UTC), total, {dimension: cells})


@pytest.mark.parametrize(
    ("sent", "hosted", "drawn"),
    [
        ({"AM": 20, "GE": 30}, {"FR": 25, "GE": 25}, True),
        ({"eastern_partnership": 50, "european_union": 5}, {"european_union": 55}, True),
        ({"AM": 20, "GE": 30}, {"eu_west": 25, "eastern_partnership": 25}, False),
        ({"south_caucasus": 50, "eu_west": 5}, {"eu_west": 30, "eastern_partnership": 25}, False),
        ({"AM": 20, "other_group": 30}, {"FR": 50}, False),
    ],
)
def test_days_are_compared_only_in_groups_that_share_no_country(
    sent: dict[str, int],
    hosted: dict[str, int],
    drawn: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Days sent and hosted are drawn side by side unless a country stands in two of the rows."""
    both = {
        SENT: released(SENT, "country-of-service", **sent),
        HOSTED: released(HOSTED, "host-country", **hosted),
    }
    assert (reciprocity(both) is not None) is drawn


def test_a_breakdown_without_groupings_stays_as_it_is() -> None:
    """Sex has few values and no groups, whatever is chosen for other dimensions."""
    book = Book(facts_of(world(8)), LATER, levels=LEVELS)
    sexes = compute(COUNTED["TOPCOP-OP-02"], book, parse("2026")).breakdowns["sex"]
    assert set(sexes) == {"female", "male", "unsaid"}
