"""Which breakdowns are by two dimensions at once, and how is such a part named?

A joint breakdown shares its margins with others: the rows of one topic add up to that topic's row elsewhere. Which of
them are given is chosen so that they form a tree (`disclosure/links.py` says why).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

JOINT: dict[str, tuple[str, str]] = {
    "topic-and-result": ("priority-topic", "result"),
    "country-and-result": ("country-of-service", "result"),
    "language-and-result": ("language", "result"),
    "level-and-result": ("level", "result"),
    "topic-and-completion": ("priority-topic", "completion"),
    "country-and-completion": ("country-of-service", "completion"),
    "language-and-completion": ("language", "completion"),
    "level-and-completion": ("level", "completion"),
    "topic-and-country": ("priority-topic", "country-of-service"),
    "topic-and-language": ("priority-topic", "language"),
    "country-and-gap": ("country-of-service", "gap"),
}
"""The joint breakdowns, each with the two dimensions that it crosses."""
_BETWEEN = "|"


def parts_of(dimension: str) -> tuple[str, ...]:
    """The dimensions that one crosses; itself, where it is a plain one."""
    return JOINT.get(dimension, (dimension,))


def joined(values: Iterable[str]) -> str:
    """The value of a joint dimension, from those of its parts."""
    return _BETWEEN.join(values)


def split(value: str) -> tuple[str, ...]:
    """The values that one is made of."""
    return tuple(value.split(_BETWEEN))
