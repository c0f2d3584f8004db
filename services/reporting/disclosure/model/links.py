"""Name the tables that share numbers, so that what is hidden in one could be worked out from another.

Applications received are broken down by topic, by country and by result; those without a match by topic and country,
topic and language, country and reason. Each of these adds up to rows of another table. They are chosen so that they
form a tree: language, topic, country and reason in a line for those without a match, and the result of the applications
as the only thing that the others share. If all numbers agree where two tables of a tree meet, there are applications
that have all of them (Dobra and Fienberg, Bounds for cell entries in contingency tables given marginal totals and
decomposable graphs, PNAS 97 (2000)). So an attacker who knows these sums knows everything that the tables say, and no
column is needed for each possible application. A joint table that closes a ring would break that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.disclosure.model.tables import covered, inside
from services.reporting.indicators.model.demand import CLOSED, MATCHED, RECEIVED, RESULTS, UNMET, Result
from services.reporting.indicators.model.figure import joined, parts_of, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.reporting.disclosure.model.tables import Row, Table

_MANY = 100
Key = tuple[str, str]
"""Indicator and dimension."""
AT_MOST = (
    ("TOPCOP-OP-01", "TOPCOP-OP-02", 0),
    ("TOPCOP-OP-02", "TOPCOP-OP-03", 0),
    ("TOPCOP-OP-05", "TOPCOP-OP-02", 0),
    ("TOPCOP-OP-02", "TANDEM-RC-01", 0),
    ("TOPCOP-OP-02", "TOPCOP-PR-03", 0),
    ("TOPCOP-OP-02", "TOPCOP-PR-04", 1),
)
"""Figures of which everybody knows that the first is never more than the second, or than one amount of it.

Officials and visits; visits completed, and those planned under a match, or not cancelled.
"""

DAYS = 5
"""The days of a visit, as a rule: one that ended early has at most one less."""
ENDED = (("TOPCOP-PR-03", (0, 1)), ("TOPCOP-PR-04", (1,)))
"""Figures of planned visits that were not cancelled, and which amounts count them: those that ended are among them."""


SAME_ROWS = frozenset({"TOPCOP-OP-02", "TOPCOP-OP-03", "TANDEM-RC-01"})
"""Figures that hide the same rows: a visit has five days as a rule, so days tell visits, and visits days."""
FOLLOWS = "TOPCOP-OP-01"
"""Officials, who hide what these figures hide: in a small programme hardly anybody comes twice, so they tell visits."""


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of `child` add up to a row of `parent`: `place` names it, by parts of the child's value or in words."""

    child: Key
    parent: Key
    place: tuple[int | str, ...]

    def into(self, value: str) -> str:
        """Return the parent's row to which a child's row belongs."""
        parts = split(value)
        return joined(parts[each] if isinstance(each, int) else each for each in self.place)

    def holds(self, value: str) -> bool:
        """Return whether the child says something of that row of the parent."""
        parts = split(value)
        return all(isinstance(want, int) or want == have for want, have in zip(self.place, parts, strict=False))


_FOUND, _NONE = Result.MATCHED.value, Result.NOT_MATCHED.value
_SHARED = ("topic", "country", "language", "level")
LINKS = (
    Link((RESULTS, "topic-and-result"), (RECEIVED, "priority-topic"), (0,)),
    Link((RESULTS, "country-and-result"), (RECEIVED, "country-of-service"), (0,)),
    Link((RESULTS, "language-and-result"), (RESULTS, "language"), (0,)),
    Link((RESULTS, "level-and-result"), (RESULTS, "level"), (0,)),
    *(Link((RESULTS, f"{each}-and-result"), (RESULTS, "result"), (1,)) for each in _SHARED),
    Link((MATCHED, ""), (RESULTS, "result"), (_FOUND,)),
    Link((MATCHED, "completion"), (MATCHED, ""), ()),
    *(Link((MATCHED, f"{each}-and-completion"), (RESULTS, f"{each}-and-result"), (0, _FOUND)) for each in _SHARED),
    *(Link((MATCHED, f"{each}-and-completion"), (MATCHED, "completion"), (1,)) for each in _SHARED),
    Link((UNMET, ""), (RESULTS, "result"), (_NONE,)),
    Link((UNMET, "gap"), (UNMET, ""), ()),
    Link((UNMET, "topic-and-country"), (RESULTS, "topic-and-result"), (0, _NONE)),
    Link((UNMET, "topic-and-country"), (RESULTS, "country-and-result"), (1, _NONE)),
    Link((UNMET, "topic-and-language"), (RESULTS, "topic-and-result"), (0, _NONE)),
    Link((UNMET, "topic-and-language"), (RESULTS, "language-and-result"), (1, _NONE)),
    Link((UNMET, "country-and-gap"), (RESULTS, "country-and-result"), (0, _NONE)),
    Link((UNMET, "country-and-gap"), (UNMET, "gap"), (1,)),
    *(Link((UNMET, each), (UNMET, ""), ()) for each in ("topic-and-country", "topic-and-language")),
)
MET = frozenset(link.parent for link in LINKS)
"""Tables in which others meet: what those share is known even where nothing of the table itself is shown."""


@dataclass(frozen=True, slots=True)
class Term:
    """A total (or a note) of a figure: all its amounts together, or one of them."""

    key: Key
    layer: int | None = None

    def layers(self, table: Table) -> Sequence[int]:
        """Return the layers of a table that it takes."""
        return range(table.layers) if self.layer is None else (self.layer,)

    def of(self, amounts: Sequence[float]) -> Sequence[float]:
        """Return the amounts that it takes."""
        return amounts if self.layer is None else (amounts[self.layer],)


@dataclass(frozen=True, slots=True)
class Tie:
    """Totals of a period of which everybody knows that `more` is never below `less`: the difference is of people."""

    more: Term
    less: Term


TIES = (
    Tie(Term(("TOPCOP-PR-01", "")), Term(("TOPCOP-PR-02", ""))),
    Tie(Term(("TOPCOP-OP-01", "")), Term(("TOPCOP-OP-06", ""))),
    Tie(Term(("TOPCOP-OP-02", "")), Term(("TOPCOP-DQ-01", ""))),
    Tie(Term(("TOPCOP-DQ-01", ""), 1), Term(("TOPCOP-DQ-01", "note-0"), 0)),
    Tie(Term(("TOPCOP-OP-08", "")), Term(("TOPCOP-OC-06", ""))),
    Tie(Term((RECEIVED, "")), Term((RESULTS, ""))),
    Tie(Term(("TOPCOP-OP-03", "")), Term(("TANDEM-RC-01", ""))),
)
"""Decisions; officials and those who said their sex; visits and those whose evaluation is due; those not answered and
answered late; mentorships; applications; person-days."""

MOVE_TOGETHER = (
    frozenset({RECEIVED, RESULTS, MATCHED, UNMET}),
    frozenset({"TOPCOP-PR-01", "TOPCOP-PR-02"}),
    frozenset(
        {
            "TOPCOP-OP-01",
            "TOPCOP-OP-02",
            "TOPCOP-OP-03",
            "TOPCOP-OP-05",
            "TOPCOP-OP-06",
            "TOPCOP-DQ-01",
            "TANDEM-RC-01",
        }
    ),
    frozenset({"TOPCOP-OP-08", "TOPCOP-OC-06"}),
)
"""Figures that say something of each other, so that a correction of one is published with the others, or waits."""


def moving_with(indicator: str) -> frozenset[str]:
    """Return the figures that are stated again together with one, that one included."""
    return next((each for each in MOVE_TOGETHER if indicator in each), frozenset({indicator}))


@dataclass(frozen=True, slots=True)
class Line:
    """Rows that add up: to another row (`whole`), or to a total that everybody knows (None).

    `spare` is how many further rows there could be, as far as is known.
    """

    whole: tuple[Table, str] | None
    rows: tuple[tuple[Table, str], ...]
    spare: int = 0

    @property
    def withheld(self) -> bool:
        """Return whether any of its tables is one that nobody sees."""
        return any(table.withheld for table, _ in (*self.rows, *filter(None, (self.whole,))))

    def sized(self) -> Iterator[tuple[int, Table, str, Row]]:
        """Yield its rows with their sizes, the smallest first."""
        found = [(table.rows[value].size, table, value, table.rows[value]) for table, value in self.rows]
        yield from sorted(found, key=lambda each: (each[0], each[2]))


def partners(table: Table, group: Iterable[Table]) -> list[Table]:
    """Return the tables that hide the same rows as a table."""
    if table.indicator not in SAME_ROWS:
        return []
    return [each for each in _beside(table, group) if each.indicator in SAME_ROWS]


def followers(table: Table, group: Iterable[Table]) -> list[Table]:
    """Return the tables that hide what a table hides, though not the other way round."""
    if table.indicator not in SAME_ROWS:
        return []
    return [each for each in _beside(table, group) if each.indicator == FOLLOWS]


def _beside(table: Table, group: Iterable[Table]) -> Iterator[Table]:
    """Yield the other tables of the same dimension, period and statement."""
    here = (table.dimension, table.label, table.statement)
    for each in group:
        if each is not table and (each.dimension, each.label, each.statement) == here:
            yield each


def groups(tables: Iterable[Table]) -> list[list[Table]]:
    """Return the tables that belong together: one figure's of all periods, and those that bound or share rows."""
    listed = list(tables)
    root: dict[Key, Key] = {(table.indicator, table.dimension): (table.indicator, table.dimension) for table in listed}
    pairs = [((low, key[1]), (high, key[1])) for low, high, _ in AT_MOST for key in root if key[0] == low]
    pairs += [(tie.more.key, tie.less.key) for tie in TIES]
    for first, second in (*pairs, *((link.child, link.parent) for link in LINKS)):
        if first in root and second in root:
            into, of = root[first], root[second]
            root = {key: into if at == of else at for key, at in root.items()}
    found: dict[Key, list[Table]] = {}
    for table in listed:
        found.setdefault(root[table.indicator, table.dimension], []).append(table)
    return [found[key] for key in sorted(found)]


def linked(group: Sequence[Table]) -> list[tuple[Link, Table, Table]]:
    """Return each link that exists in a period, with its child and its parent.

    Numbers that were stated apart may not agree; those tables are not linked.
    """
    at = {(table.indicator, table.dimension, table.label, table.statement): table for table in group}
    found = []
    for link in LINKS:
        for table in group:
            here = (*link.parent, table.label, table.statement)
            if (table.indicator, table.dimension) != link.child or here not in at:
                continue
            parent = at[here]
            if _agree(link, table, parent):
                found.append((link, table, parent))
    return found


def _agree(link: Link, child: Table, parent: Table) -> bool:
    sums: dict[str, float] = {value: 0.0 for value in parent.rows if link.holds(value)}
    for value, row in child.rows.items():
        into = link.into(value)
        sums[into] = sums.get(into, 0.0) + row.amounts[0]
    return all(abs(parent.amounts(value)[0] - amount) < 0.5 for value, amount in sums.items())


def lines(group: Sequence[Table]) -> list[Line]:
    """Return the rows that add up, in tables that share rows."""
    found = []
    for link, child, parent in linked(group):
        into: dict[str, list[tuple[Table, str]]] = {}
        for value in sorted(child.rows):
            into.setdefault(link.into(value), []).append((child, value))
        free = [part for at, part in enumerate(parts_of(child.dimension)) if at not in link.place]
        known = len(CLOSED[free[0]]) if len(free) == 1 and free[0] in CLOSED else _MANY
        for value, rows in sorted(into.items()):
            if value not in parent.rows:  # a total of none has no row in the other figure
                continue
            found.append(Line((parent, value), tuple(rows), 0 if child.listed else known - len(rows)))
    if found:
        found += _over_time(group)
        found += [
            Line(None, tuple((table, value) for value in sorted(table.rows)), 0 if table.listed else _MANY)
            for table in group
            if table.totals is not None
        ]
    return found


def _over_time(group: Sequence[Table]) -> Iterator[Line]:
    """Yield the rows of periods that make up another one, where they add up to its rows."""
    for whole in group:
        family = [each for each in group if (each.indicator, each.dimension) == (whole.indicator, whole.dimension)]
        newest = {(each.start, each.end): each for each in sorted(family, key=lambda each: each.statement)}
        parts = inside(whole, sorted(newest.values(), key=lambda each: (each.start, each.end)))
        if not parts or not covered(whole, parts):
            continue
        for value in sorted(whole.rows):
            rows = tuple((part, value) for part in parts if value in part.rows)
            if rows and abs(whole.amounts(value)[0] - sum(part.amounts(value)[0] for part in parts)) < 0.5:
                yield Line((whole, value), rows, 0 if whole.listed else len(parts) - len(rows))
