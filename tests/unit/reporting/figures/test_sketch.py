"""A sketch of a set gives exactly the difference to another set, and never a wrong one."""

from __future__ import annotations

import base64
import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.figures.model.sketch import BYTES, Sketch, TooMany

FEW = 60


def ids(count: int, seed: int = 1) -> list[UUID]:
    """Return so many ids, the same in each run."""
    dice = random.Random(seed)
    return [UUID(int=dice.getrandbits(128)) for _ in range(count)]


@given(st.sets(st.uuids(), max_size=200), st.sets(st.uuids(), max_size=FEW), st.sets(st.uuids(), max_size=FEW))
def test_small_differences_are_found_exactly(common: set[UUID], mine: set[UUID], theirs: set[UUID]) -> None:
    """Exactly the differences of two sets are found, whatever they have in common."""
    mine, theirs = mine - common - theirs, theirs - common - mine
    first, other = Sketch.of(common | mine), Sketch.of(common | theirs)
    assert first.difference(other) == (frozenset(mine), frozenset(theirs))


@given(st.lists(st.uuids(), max_size=50), st.randoms())
def test_order_and_repetition_do_not_matter(given_: list[UUID], dice: random.Random) -> None:
    """The same set has the same text in any order and with repetitions, and the text gives the sketch back."""
    again = [*given_, *given_[:5]]
    dice.shuffle(again)
    text = Sketch.of(given_).text()
    assert Sketch.of(again).text() == text
    assert len(base64.b64decode(text)) == BYTES
    assert Sketch.read(text).difference(Sketch.of(given_)) == (frozenset(), frozenset())


def test_consecutive_ids_spread_over_all_cells() -> None:
    """Ids that count up, as those of one millisecond nearly do, spread over all cells."""
    first = UUID("0190a000-0000-7000-8000-000000000000").int
    row = [UUID(int=first + place) for place in range(20_100)]
    assert Sketch.of(row).difference(Sketch.of(row[100:])) == (frozenset(row[:100]), frozenset())


@pytest.mark.parametrize("count", [400, 1_000, 20_000])
def test_large_differences_are_reported_as_unknown(count: int) -> None:
    """If two sets differ by more than a sketch can hold, the result says so."""
    with pytest.raises(TooMany):
        Sketch.of(ids(count)).difference(Sketch.of(ids(100, seed=2)))


@pytest.mark.parametrize("text", ["", "AAAA", "no base64", base64.b64encode(b"x" * (BYTES + 1)).decode()])
def test_an_invalid_sketch_is_refused(text: str) -> None:
    """A text of another length or alphabet gives no sketch."""
    with pytest.raises(ValueError, match=r"bytes|base64|character|padding"):
        Sketch.read(text)
