"""Sets of states follow from the table of transitions, and no store or page writes one of them by hand."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.contracts import applications, codes, mentors
from shared.contracts.lifecycle import TRANSITIONS, state_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ENUMS = {
    enum.__name__: enum
    for enum in (
        codes.ApplicationState,
        codes.OfferState,
        codes.MentorState,
        codes.MatchState,
        codes.VisitState,
        codes.MentorshipState,
        codes.PeriodState,
    )
}
DERIVED = ("OfferState", "MentorState")
"""Of these no set at all is written by hand."""
NAMED = {
    (kind, frozenset(map(str, value))): name
    for name, value in vars(state_sets).items()
    if name.isupper() and isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], tuple(ENUMS.values()))
    for kind in (type(value[0]).__name__, "text")
}
"""The name of each set, by the class of its states and for those that are written as texts."""
IN_SQL = re.compile(r"\bstate (?:NOT )?IN \(('\w+'(?:, '\w+')+)\)")


def _folder(part: str) -> Iterator[Path]:
    return (path for path in (ROOT / part).rglob("*.py") if "migrations" not in path.parts)


def _written(source: str) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Return the sets of states in a module: line, the class of the states or `text`, the states."""
    tree = ast.parse(source)
    classes = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in ENUMS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Set | ast.Tuple | ast.List):
            found = [_state(part, classes) for part in node.elts]
            known = [part for part in found if part is not None]
            if len(known) > 1 and len(known) == len(found) and len({kind for kind, _ in known}) == 1:
                yield node.lineno, known[0][0], frozenset(state for _, state in known)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for match in IN_SQL.finditer(node.value):
                yield node.lineno, "text", frozenset(re.findall(r"\w+", match[1]))


def _state(node: ast.expr, classes: dict[str, str]) -> tuple[str, str] | None:
    if isinstance(node, ast.Attribute) and node.attr == "value":
        node = node.value
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in classes:
        kind = classes[node.value.id]
        return (kind, str(ENUMS[kind][node.attr])) if node.attr in ENUMS[kind].__members__ else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "text", node.value
    return None


def _problems(sources: dict[str, str]) -> list[str]:
    """Return each set that has a name, that belongs to `DERIVED`, or that stands in two places."""
    problems, places = [], defaultdict(list)
    for path, source in sources.items():
        for line, kind, states in _written(source):
            if (kind, states) in NAMED:
                problems.append(f"{path}:{line} is {NAMED[kind, states]} of shared/contracts/lifecycle/state_sets.py")
            elif kind in DERIVED:
                problems.append(f"{path}:{line} belongs in shared/contracts/lifecycle/state_sets.py")
            elif kind != "text":
                places[kind, states].append(f"{path}:{line}")
    return problems + [f"{' and '.join(found)} are the same set" for found in places.values() if len(found) > 1]


def test_no_set_of_states_is_written_by_hand() -> None:
    """A set that has a name is used by it, so that a new state is known wherever the set is."""
    sources = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(_folder("services"))}
    assert len(sources) > 100
    assert _problems(sources) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("from shared.contracts.codes import VisitState as V\nX = {V.UNDER_WAY, V.SCHEDULED}", "VISIT_GOING"),
        ("X = \"SELECT 1 WHERE m.state IN ('proposed', 'cleared')\"", "MATCH_UNCLEARED"),
        ("X = state in ('active', 'paused')", "MENTORSHIP_GOING"),
        ("from shared.contracts.codes import MentorState\nX = [MentorState.DRAFT, MentorState.PAUSED]", "belongs"),
    ],
)
def test_a_set_that_is_written_by_hand_is_found(source: str, problem: str) -> None:
    """The check names the place and the set, for codes, for texts, and for texts in SQL."""
    assert [problem in found for found in _problems({"a.py": source})] == [True]


def test_the_same_set_in_two_places_is_found() -> None:
    """Two modules that write the same set are both named."""
    source = "from shared.contracts.codes import VisitState\nX = {VisitState.NO_SHOW, VisitState.ENDED}"
    assert _problems({"a.py": source, "b.py": source}) == ["a.py:2 and b.py:2 are the same set"]


def test_a_new_source_of_an_event_is_in_its_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The states from which an event may start are read from the table, in the order of the states."""
    state = codes.ApplicationState
    assert state_sets.sources(state, applications.ApplicationEndorsed) == (state.SUBMITTED,)
    assert state_sets.sources(state, applications.AppealDecided, applications.ApplicationSubmitted) == (
        state.DRAFT,
        state.APPEALED,
    )
    known = tuple(row for row in TRANSITIONS if row.event != "ApplicationEndorsed")
    monkeypatch.setattr(state_sets, "_TRANSITIONS", known)
    assert state_sets.sources(state, applications.ApplicationEndorsed) == ()


def test_events_that_leave_the_state_as_it_is_are_no_moves() -> None:
    """A projection of a topic moves with those events that lead to another state."""
    found = state_sets.moves("mentoring.mentors", codes.MentorState)
    assert found[mentors.MentorPaused.type] is codes.MentorState.PAUSED
    assert mentors.MentorAvailabilityConfirmed.type not in found
    assert mentors.MentorRevised.type not in found
