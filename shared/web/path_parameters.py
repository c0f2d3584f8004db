"""Limit a parameter of a path to the words that it can have.

Two routes may look alike, such as `/{id}` and `/new`. If only `GET /{id}` and `POST /new` exist, `GET /new` would be
taken for an id, and `Allow` would name the methods of both. `/{id:uuid}` (of the framework) and the kinds of
parameters that are named here keep them apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.convertors import StringConvertor, register_url_convertor

if TYPE_CHECKING:
    from collections.abc import Iterable


def limit_parameter(kind: str, words: Iterable[str] = (), *, pattern: str = "") -> None:
    """Let `{name:kind}` in paths stand for one of the words, or for what a regular expression matches."""
    allowed = pattern or "|".join(map(re.escape, words))

    class Limited(StringConvertor):
        regex = f"(?:{allowed})"

    register_url_convertor(kind, Limited())
