"""Test the local sign-in provider with many people who sign in at the same moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from deploy.local.identity import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PEOPLE = 8


def test_requests_of_many_threads_are_answered_one_after_the_other() -> None:
    """Its store is not made for threads, so never two requests are in it at once."""
    inside: list[int] = []
    most = 0

    def app(environ: dict[str, Any], _: object) -> Iterable[bytes]:
        nonlocal most
        inside.append(environ["number"])
        most = max(most, len(inside))
        time.sleep(0.005)
        inside.remove(environ["number"])
        return [b"%d" % environ["number"]]

    def start(_: str, __: list[tuple[str, str]], ___: object = None, /) -> Callable[[bytes], object]:
        return print

    answer = one_at_a_time(app)
    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = list(pool.map(lambda number: b"".join(answer({"number": number}, start)), range(PEOPLE)))
    assert answers == [b"%d" % number for number in range(PEOPLE)]
    assert most == 1
