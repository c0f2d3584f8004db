"""Update a book when a candidate leaves, or when a seat gets other places: chains, then rotations."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.engine.incremental.best import Best
from services.matching.engine.incremental.book import NOWHERE, Book
from services.matching.engine.incremental.rotations import climb


@dataclass(frozen=True, slots=True)
class Terms:
    """The free places of a seat, the most of one country, the share used by fixed pairs, and whether it can bind."""

    free: int
    share: int
    used: Mapping[int, int]
    bound: bool

    def of(self, book: Book | Best, seat: int) -> None:
        """Apply the terms to a seat."""
        book.set_terms(seat, self.free, self.share, dict(self.used), bound=self.bound)


def improve(book: Book | Best, seat: int) -> int:
    """Fill the free places of a seat (NOWHERE: only lines have changed), and lead to the candidates' best.

    Return how many rotations were applied; the highest sum needs none.
    """
    if isinstance(book, Best):
        return book.improve(seat)
    moved = book.vacancy(seat) if seat != NOWHERE else set()
    return climb(book, {int(book.at[candidate]) for candidate in moved} | ({seat} - {NOWHERE}))


def resize(book: Book | Best, seat: int, terms: Terms) -> int:
    """Apply another number of places: more, fewer, or both if a country's share changes beside them.

    Return how many rotations were applied.
    """
    terms.of(book, seat)
    if isinstance(book, Best):
        return book.resize(seat)
    admitted, chosen = {candidate for _, candidate in book.admitted[seat]}, book.choice(seat)
    if chosen <= admitted:
        book.enter(book.turn_away(seat, chosen))
    elif not admitted <= chosen:
        book.set_terms(seat, 0, 0, {}, bound=False)
        book.enter(book.turn_away(seat))
        terms.of(book, seat)
    return improve(book, seat)
