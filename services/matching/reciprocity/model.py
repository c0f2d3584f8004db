"""The reciprocity ledger: days sent and hosted by country and agency, and what each host owes.

Exchanges are two-way: a country (or agency) hosts as many days as it sends. A day counts when the guest attended it;
days of planned visits are counted apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

K = TypeVar("K", str, tuple[str, str])

POINTS_A_DAY = 5
"""A host gives so many points for each day that it owes the guest's country; four exchange weeks owed give all 100."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Days that guests of one country and agency spent, or are to spend (`done` is False), with another."""

    country: str
    agency: str
    host_country: str
    host_agency: str
    days: int
    done: bool = True


@dataclass(frozen=True, slots=True)
class Balance:
    """Days sent and hosted, and those of planned visits."""

    sent: int = 0
    hosted: int = 0
    sent_to_come: int = 0
    hosted_to_come: int = 0

    @property
    def net(self) -> int:
        """Days hosted less days sent; a negative number is owed."""
        return self.hosted - self.sent

    @property
    def net_to_come(self) -> int:
        """The same once the planned visits have taken place."""
        return self.net + self.hosted_to_come - self.sent_to_come


def by_country(flows: Iterable[Flow]) -> dict[str, Balance]:
    """Return the balance of each country, sorted by country."""
    return _balances((flow, flow.country, flow.host_country) for flow in flows)


def by_agency(flows: Iterable[Flow]) -> dict[tuple[str, str], Balance]:
    """Return the balance of each agency (its country, its id), sorted."""
    return _balances((flow, (flow.country, flow.agency), (flow.host_country, flow.host_agency)) for flow in flows)


def between(flows: Iterable[Flow]) -> dict[tuple[str, str], Balance]:
    """Return the balance of the first country with the second, for each pair in alphabetical order."""
    kept: dict[tuple[str, str], list[tuple[Flow, str, str]]] = defaultdict(list)
    for flow in flows:
        first, second = sorted((flow.country, flow.host_country))
        kept[first, second].append((flow, flow.country, flow.host_country))
    return {both: _balances(rows)[both[0]] for both, rows in sorted(kept.items())}


def points(days: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Return the points of the criterion "reciprocity" by (home, host): 5 a day that the host owes, 100 at most.

    `days` counts what each country (first) has sent to another (second), planned visits included, so that a debt is not
    paid twice. A host owes a country what it has sent there and not hosted from there. If nothing is owed there is no
    entry: such a guest gains and loses nothing.
    """
    owed = {
        (home, host): sent - days.get((home, host), 0)
        for (host, home), sent in sorted(days.items())
        if sent > days.get((home, host), 0)
    }
    return {pair: min(100, POINTS_A_DAY * count) for pair, count in owed.items()}


def _balances(rows: Iterable[tuple[Flow, K, K]]) -> dict[K, Balance]:
    counts: dict[K, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for flow, home, host in rows:
        later = "" if flow.done else "_to_come"
        counts[home][f"sent{later}"] += flow.days
        counts[host][f"hosted{later}"] += flow.days
    return {key: Balance(**count) for key, count in sorted(counts.items())}
