"""Ask for the pages of the README's tour as those who read them, so that all of them answer, and quickly.

The first start is ready after that, since the services hear of people's access one after the other, so that a page may
refuse its reader for a moment. A later start is ready before it.
"""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 10.0
_PORTAL, _FIGURES = "/applications/", "/reporting/?period=programme"
COORDINATOR = {"persona-programme": (_PORTAL, "/matching/", "/notifications/due", _FIGURES)}
"""The pages of the programme coordinator, the one person whom an empty run knows; by sign-in subject."""
EVERYBODY: Mapping[str, tuple[str, ...]] = COORDINATOR | {
    "persona-officer": (_PORTAL, "/applications/calls"),
    "persona-mentee": (_PORTAL,),
    "persona-mentor": (_PORTAL,),
    "persona-host": (_PORTAL, "/applications/offers"),
    "persona-coordinator-am": (_PORTAL, "/applications/cases", "/notifications/due"),
    "persona-coordinator-fr": (_PORTAL, "/applications/cases"),
    "persona-programme-2": (_PORTAL, "/matching/", _FIGURES),
    "persona-evaluator": (_FIGURES,),
    "persona-donor": ("/reporting/",),
}
"""The pages of the tour with the sample programme."""


class Tour:
    """The pages that have not answered yet, each with its reader's session."""

    def __init__(self, origin: str, pages: Mapping[str, tuple[str, ...]]) -> None:
        """Take the gateway's address, and who reads which pages."""
        self._origin = origin
        self._readers: dict[str, urllib.request.OpenerDirector] = {}
        self.left = [(subject, path) for subject, paths in pages.items() for path in paths]

    def answers(self, between: Callable[[], None]) -> bool:
        """Return whether all pages have answered; asks for those that have not, and calls `between` before each."""
        left = []
        for subject, path in self.left:
            between()
            if not self._answers(subject, path):
                left.append((subject, path))
        self.left = left
        return not left

    def _answers(self, subject: str, path: str) -> bool:
        address, reader = f"{self._origin}{path}", self._readers.get(subject)
        if reader is None:
            address = f"{self._origin}/sign-in?{urlencode({'as': subject, 'next': path})}"
            reader = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        try:
            with reader.open(address, timeout=_SECONDS) as answer:
                there: bool = answer.url == f"{self._origin}{path}"
        except (OSError, HTTPException, ValueError):  # URLError is an OSError
            return False
        if there:
            self._readers[subject] = reader
        return there
