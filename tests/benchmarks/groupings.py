"""Measure how many parts of figures a donor reads with and without groupings: `python -m tests.benchmarks.groupings`.

Random programmes of one half-year: officers of six partner countries, some more than others, in ten Member States, with
all topics and ranks. The first statement of the half-year is decided by the real gate, with no earlier release.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING, Any

from services.reporting.disclosure.model import decide
from services.reporting.facts.model.book import Book
from services.reporting.groupings.actions.costs import cost_of
from services.reporting.groupings.model import Levels
from services.reporting.indicators.model.catalogue import figures
from services.reporting.periods.model.periods import parse
from shared.contracts import _examples as ex
from shared.contracts.codes import EMPACT_2026, GROUPINGS, PARTNERS, PRIORITIES, RankGroup
from tests.unit.reporting.application_samples import LATER, no_match
from tests.unit.reporting.fact_samples import counted, fact, ident, visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.facts.model.facts import Fact

HOSTS = ("FR", "RO", "PL", "DE", "IT", "ES", "LT", "NL", "SE", "CZ")
PERIOD = parse("2026-H1")
CHOICES = {
    "values": Levels(),
    "first groups": Levels({each: levels[1].code for each, levels in GROUPINGS.items()}),
    "coarsest groups": Levels({each: levels[-1].code for each, levels in GROUPINGS.items()}),
}


def programme(seed: int, visits: int) -> list[Fact]:
    """Return the facts of a half-year with so many completed visits, and a third as many without a match."""
    dice = random.Random(f"{seed}/{visits}")

    def draw(values: Sequence[str]) -> str:
        return values[min(int(dice.expovariate(0.5)), len(values) - 1)]

    found: list[Fact] = []
    for n in range(visits + visits // 3):
        application, country, topic = ident("application", n), draw(tuple(PARTNERS)), draw(_TOPICS)
        rank = draw([each.value for each in RankGroup])
        about = {"country": country, "topics": [topic], "rank_group": rank, "reference": f"{country}-2026-{n:04d}"}
        languages = [{"language": draw(("en", "ro", "fr", "de", "pl")), "level": "B2"}]
        profile = {**ex.PROFILE, **about, "languages": languages}
        found.append(counted(n, n, dice.choice(("female", "male", "male"))))
        found.append(fact("ApplicationSubmitted", application, "2026-01-12", profile=profile))
        if n >= visits:
            found.append(no_match(application, "2026-02-10", dice.choice(("common_language", "topic", "taken"))))
            continue
        host = draw(HOSTS)
        places: dict[str, Any] = {"country": country, "host_country": host, "topic": topic, "rank_group": rank}
        places["host_organisation_id"] = str(ident("host", host, dice.randrange(2)))
        pairing = {**ex.PAIRING, "application_id": application, **{name: places[name] for name in _OF_PAIRING}}
        found.append(fact("MatchConfirmed", ident("match", n), "2026-02-10", pairing=pairing))
        found += visit(n, "2026-04-17", **places)
    return found


def main() -> int:
    """Print the shares of parts and cases that are shown; return 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.groupings", description=__doc__)
    parser.add_argument("--programmes", type=int, default=20, help="how many of each size")
    parser.add_argument("--visits", type=int, nargs="+", default=[16, 60])
    options = parser.parse_args()
    for visits in options.visits:
        for name, levels in CHOICES.items():
            began, sums = monotonic(), Counter[str]()
            for seed in range(options.programmes):
                made = figures(Book(programme(seed, visits), LATER, levels=levels), PERIOD)
                pattern = decide(made)
                for dimension in GROUPINGS:
                    cost = cost_of(made, pattern, dimension)
                    for what in ("parts", "shown", "cases", "cases_shown"):
                        sums[what] += getattr(cost, what)
                        sums[f"{dimension} {what}"] += getattr(cost, what)
            parts = ", ".join(
                f"{each} {_share(sums[f'{each} shown'], sums[f'{each} parts'])}"
                f" / {_share(sums[f'{each} cases_shown'], sums[f'{each} cases'])}"
                for each in GROUPINGS
            )
            sys.stdout.write(
                f"{visits} visits, {name}: {_share(sums['shown'], sums['parts'])} of parts,"
                f" {_share(sums['cases_shown'], sums['cases'])} of cases ({parts});"
                f" {(monotonic() - began) / options.programmes:.2f} s a programme\n"
            )
            sys.stdout.flush()
    return 0


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


_OF_PAIRING = ("country", "host_country", "topic")
_TOPICS = tuple(PRIORITIES[EMPACT_2026])

if __name__ == "__main__":
    sys.exit(main())
