"""Refuse a body of another content type than an operation takes.

A module of its own, since routes and the answers to errors both use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import ProblemCode, Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from starlette.requests import Request


def media_type_of(request: Request) -> str:
    """Return the media type that a request names, without its parameters; empty if it names none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_media_type(request: Request, *taken: str) -> None:
    """Raise `Refused` (415) if a request names a media type that is none of these."""
    named = media_type_of(request)
    if named and named not in taken:
        sentence = gettext("Send it as %(types)s.") % {"types": ", ".join(taken)}
        raise Refused(sentence, code=ProblemCode.WRONG_CONTENT_TYPE)
