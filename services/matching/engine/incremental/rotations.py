"""Lead a stable matching to the best one for every candidate, by rotations.

If a candidate left, the seat would take the first in line; that one's seat the next, and so on. If this returns to its
beginning, all in the circle can have a seat they prefer, and the matching is stable again: a rotation (Irving &
Leather, "The complexity of counting stable marriages", 1986), towards the candidates. While any candidate could do
better in another stable matching there is such a circle: each who gains in it leaves a place that only another who
gains as well can fill, for the seats' choices are substitutable and fill as many places (Hatfield & Milgrom, 2005).

An event changes few of these steps, and a new circle has to pass one that changed; the search begins only there.
"""

from collections.abc import Iterable

from services.matching.engine.incremental.book import NOWHERE, Book


def climb(book: Book, seats: Iterable[int]) -> int:
    """Apply every rotation that the changed seats, or those with another line, have opened; return how many."""
    todo = {*seats, *book.stale()}
    dead: set[int] = set()
    turned = 0
    while todo:
        seat = todo.pop()
        for start in book.starts(seat):
            cycle = _cycle(book, start, dead)
            if cycle:
                book.rotate(cycle)
                turned += 1
                dead.clear()
                todo |= {seat, *(int(book.at[each]) for each in cycle), *book.stale()}
                break
    return turned


def _cycle(book: Book, start: int, dead: set[int]) -> list[int]:
    """Return the circle reached from a candidate, if any; else mark all on the way as leading to none."""
    path: dict[int, None] = {}
    candidate = start
    while candidate != NOWHERE and candidate not in dead and book.at[candidate] != NOWHERE:
        if candidate in path:
            whole = list(path)
            return whole[whole.index(candidate) :]
        path[candidate] = None
        candidate = book.replacement(candidate)
    dead.update(path)
    return []
