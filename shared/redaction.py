"""Decide what of an address or an error may appear in logs, spans and problem documents.

Only what this module lists is shown: addresses hold keys, tickets and names, and the text of an error may repeat what
somebody sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Required, TypedDict
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Scope

SHOWN_QUERY = frozenset({"day", "days", "lang", "limit", "page", "sort", "week", "weeks", "year"})
"""The query parameters whose values may be shown, if they are short."""
_SHORT = re.compile(r"-?[A-Za-z0-9_-]{1,10}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{1,9}|[A-Z]{2}", re.ASCII)
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/?#\"'<>]*@)?([^\s/?#\"'<>@]*)[^\s\"'<>]*", re.IGNORECASE)
_QUERY = re.compile(r"\?[^\s\"'<>]+")
# Their texts are about code, files and connections, not about what somebody sent.
_ABOUT_CODE = (AttributeError, ImportError, NameError, NotImplementedError, OSError, RecursionError, TypeError)
_OWN = frozenset({"deploy", "services", "shared"})


def method_of(scope: Scope) -> str:
    """Return the method of a request; `_OTHER` for one that HTTP does not know (as OpenTelemetry names it)."""
    method = scope.get("method", "")
    return method if method in _METHODS else "_OTHER"


def route_of(scope: Scope) -> str:
    """Return the template of the route that a request has reached, such as `/address/{token}`; empty if none."""
    return str(getattr(scope.get("route"), "path", None) or "")


def safe_path(scope: Scope) -> str:
    """Return the route with ids, numbers and country codes filled in; other parameters stay `{name}`."""
    parameters = scope.get("path_params") or {}

    def fill(match: re.Match[str]) -> str:
        value = str(parameters.get(match[1], ""))
        return value if _ID.fullmatch(value) else f"{{{match[1]}}}"

    return _PARAMETER.sub(fill, route_of(scope))


def safe_query(query: bytes) -> str:
    """Return the parameters of a query that may be shown; the others are left out, names and all."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name in SHOWN_QUERY and _SHORT.fullmatch(value)])


def holds_more(scope: Scope) -> bool:
    """Return whether the address of a request holds anything that may not be shown."""
    query = scope.get("query_string", b"")
    return safe_path(scope) != scope.get("path") or len(parse_qsl(safe_query(query))) != len(
        parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    )


def scrub(text: str) -> str:
    """Return a text in which addresses are cut after the host, and queries are left out."""
    return _QUERY.sub("?...", _ADDRESS.sub(r"\1\2", text))


def error_text(error: BaseException) -> str:
    """Return what may be written about an error: its type, and its text if that cannot repeat what somebody sent."""
    kind = type(error).__name__
    package = type(error).__module__.partition(".")[0]
    about_us = package == "aiokafka" or (package in _OWN and isinstance(error, RuntimeError))
    text = scrub(str(error)) if about_us or isinstance(error, _ABOUT_CODE) else _database_text(error)
    return f"{kind}: {text}" if text else kind


def _database_text(error: BaseException) -> str:
    """Return the code of a database error and what it is about, but not the values, which its text repeats."""
    inner: BaseException = getattr(error, "orig", None) or error
    inner = inner.__cause__ or inner
    named = ((name, getattr(inner, name, None)) for name in ("sqlstate", "table_name", "constraint_name"))
    return ", ".join(f"{name} {value}" for name, value in named if isinstance(value, str))


class ErrorEntry(TypedDict, total=False):
    """An error in a log: its text, its places in the code, and the errors of a group."""

    error: Required[str]
    frames: Required[list[str]]
    group: list[list[ErrorEntry]]


def error_chain(error: BaseException) -> list[ErrorEntry]:
    """Return an error and those that led to it: text and places in the code, without the values at hand there."""
    return [_entry(each) for each in _causes(error)]


def _entry(error: BaseException) -> ErrorEntry:
    entry = ErrorEntry(error=error_text(error), frames=list(_frames(error)))
    if isinstance(error, BaseExceptionGroup):
        entry["group"] = [error_chain(inner) for inner in error.exceptions]
    return entry


_MOST_CAUSES = 20


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _frames(error: BaseException) -> Iterator[str]:
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        yield f"{code.co_filename}:{place.tb_lineno} {code.co_name}"
        place = place.tb_next
