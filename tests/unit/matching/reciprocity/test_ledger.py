"""The reciprocity ledger adds up and favours guests from countries to which a host owes days."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.matching.reciprocity import model as reciprocity_model
from services.matching.reciprocity.model import Balance, Flow

_AGENCIES = {"AM": ("am1", "am2"), "FR": ("fr1",), "GE": ("ge1", "ge2"), "EU": ("eu1",)}
_PLACES = [(country, agency) for country, agencies in _AGENCIES.items() for agency in agencies]
flows = st.lists(
    st.tuples(st.permutations(_PLACES), st.integers(0, 30), st.booleans()).map(
        lambda drawn: Flow(*drawn[0][0], *drawn[0][1], drawn[1], done=drawn[2])
    ),
    max_size=12,
)


def test_days_are_sent_by_one_and_hosted_by_the_other() -> None:
    """Attended and planned days are counted apart; below 0 means that a country owes."""
    rows = [
        Flow("AM", "am1", "FR", "fr1", 8),
        Flow("FR", "fr1", "AM", "am2", 5),
        Flow("AM", "am2", "FR", "fr1", 4, done=False),
    ]
    assert reciprocity_model.by_country(rows) == {
        "AM": Balance(sent=8, hosted=5, sent_to_come=4),
        "FR": Balance(sent=5, hosted=8, hosted_to_come=4),
    }
    assert reciprocity_model.by_country(rows)["AM"].net == -3
    assert reciprocity_model.by_country(rows)["AM"].net_to_come == -7
    assert reciprocity_model.by_agency(rows)["AM", "am2"] == Balance(hosted=5, sent_to_come=4)
    assert reciprocity_model.between(rows) == {("AM", "FR"): Balance(sent=8, hosted=5, sent_to_come=4)}


@given(flows)
def test_days_sent_equal_days_hosted(rows: list[Flow]) -> None:
    """All nets together are 0, and agencies sum to their countries."""
    countries, agencies = reciprocity_model.by_country(rows), reciprocity_model.by_agency(rows)
    assert sum(country.net for country in countries.values()) == 0
    assert sum(agency.net_to_come for agency in agencies.values()) == 0
    for country, balance in countries.items():
        own = [agency for (home, _), agency in agencies.items() if home == country]
        assert sum(row.net for row in own) == balance.net
        assert sum(row.sent_to_come for row in own) == balance.sent_to_come
        with_others = [
            (row.net if first == country else -row.net)
            for (first, second), row in reciprocity_model.between(rows).items()
            if first != second and country in {first, second}
        ]
        assert sum(with_others) == balance.net


@given(flows)
def test_only_who_owes_gives_points_and_never_both_sides(rows: list[Flow]) -> None:
    """A host gives 5 points a day owed and 100 at most; of two countries one owes, or none."""
    days: Counter[tuple[str, str]] = Counter()
    for flow in rows:
        days[flow.country, flow.host_country] += flow.days
    given_ = reciprocity_model.points(days)
    for (home, host), points in given_.items():
        owed = days[host, home] - days[home, host]
        assert owed > 0
        assert points == min(100, 5 * owed)
        assert (host, home) not in given_
    owing = {(home, host) for home in _AGENCIES for host in _AGENCIES if days[host, home] > days[home, host]}
    assert owing == given_.keys()
