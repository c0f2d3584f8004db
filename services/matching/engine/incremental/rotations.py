"""Is a stable matching the best one for every candidate, and if not, what leads to it?

If a candidate left, the seat would take the first who waits; that one's seat the next, and so on. Where this comes back
to its beginning, all in the circle can have what they want more, and the matching is stable again: a rotation (Irving &
Leather, "The complexity of counting stable marriages", 1986), turned towards the candidates. While any of them could do
better in another stable matching there is such a circle: whoever gains in it leaves a place that only somebody who
gains as well can fill, for the seats' choices are substitutable and fill as many places (Hatfield & Milgrom, 2005).

An event changes few of these steps, and a new circle has to pass one that changed; the search begins only there.
"""

from collections.abc import Iterable

from services.matching.engine.incremental.book import NOWHERE, Book


def climb(book: Book, seats: Iterable[int]) -> int:
    """Turn every rotation that the changed seats, or those with another line, have opened; give how many."""
    todo = {*seats, *book.stale()}
    dead: set[int] = set()
    turned = 0
    while todo:
        seat = todo.pop()
        for one in book.starts(seat):
            cycle = _cycle(book, one, dead)
            if cycle:
                book.rotate(cycle)
                turned += 1
                dead.clear()
                todo |= {seat, *(int(book.at[each]) for each in cycle), *book.stale()}
                break
    return turned


def _cycle(book: Book, start: int, dead: set[int]) -> list[int]:
    """The circle that is reached from a candidate, if any; else all on the way are known to lead to none."""
    path: dict[int, None] = {}
    one = start
    while one != NOWHERE and one not in dead and book.at[one] != NOWHERE:
        if one in path:
            whole = list(path)
            return whole[whole.index(one) :]
        path[one] = None
        one = book.replacement(one)
    dead.update(path)
    return []
