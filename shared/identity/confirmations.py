"""Confirm an action only to the person who took it, for ten minutes, and while its record is as the action left it.

A form redirects to a page whose address says what was done, in parameters that begin with `done`. The redirect sets a
cookie that signs them twice: for this person and this page, and besides for the present versions of the record that the
form was about (by its address, or by `rest_on`) and of the one that the page is about. A page whose parameters are not
signed is not shown: the browser is sent to the same address without them. Where only a record has changed since, by a
person or by an event, it is sent to the address with `done_since`, and the page says that the action was saved and that
something has changed. So no link, bookmark or later reload can say what is not true, and no action that succeeded goes
without an answer.
"""

from __future__ import annotations

import base64
import binascii
import time
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import orjson
import structlog
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import Match

from shared.bus.db.records import versions_of
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.identity import csrf
from shared.identity.refusals import SAFE_METHODS, Onward, is_api
from shared.identity.state import identity_of, service_of
from shared.identity.versions import named_records, naming_parameters, records_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from fastapi import FastAPI
    from starlette.requests import Request

    from shared.bus.db.records import Named
    from shared.identity.versions import Records

    Words = Sequence[tuple[str, str]]
    Source = Sequence[tuple[str, str]]

_log = structlog.get_logger(__name__)
WORD = "done"
SINCE = "done_since"
"""The parameter of a page that says that something has changed since; it holds the parameters that no longer hold."""
GOOD_FOR = 600
"""The time for which a page may be shown again with its confirmation, in seconds."""
_PARTS = 4
_MOST_BESIDES = 20
_BESIDES = "."
"""Before the parameter of a record that the address of the form does not name."""


class _Standing(Enum):
    UNSIGNED = "unsigned"
    CHANGED = "a record has changed since"
    AS_LEFT = "as the action left it"


def words_in(query: str) -> Words:
    """Return the parameters of a query that say what was done."""
    return [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name.startswith(WORD)]


async def check(request: Request) -> None:
    """Let a page be shown; raise `Onward` where its address says what was done and that is not confirmed."""
    if request.method not in SAFE_METHODS or is_api(request):
        return
    words = words_in(request.url.query)
    if not words:
        return
    earlier = words_in(words[0][1]) if len(words) == 1 and words[0][0] == SINCE else []
    standing = await _standing(request, earlier or words)
    if standing is (_Standing.CHANGED if earlier else _Standing.AS_LEFT):
        request.state.changed_since = bool(earlier)
        return
    parameters = [(name, value) for name, value in request.query_params.multi_items() if not name.startswith(WORD)]
    if standing is not _Standing.UNSIGNED:
        parameters += earlier or [(SINCE, urlencode(words))]
    raise Onward(quote(request.scope["path"]) + (f"?{urlencode(parameters)}" if parameters else ""))


def rest_on(request: Request, parameter: str, *names: object) -> None:
    """Have what this form's redirect says rest on records that the form's address does not name.

    `parameter` is the name under which the service lists their kind (`records.py`). Of many it rests on the first
    twenty: a cookie has 4 kB.
    """
    request.state.confirmed = [(f"{_BESIDES}{parameter}", str(name)) for name in names[:_MOST_BESIDES]]


def changed_since(request: Request) -> bool:
    """Return whether a record has changed since the reader's action that led to this page."""
    changed: bool = getattr(request.state, "changed_since", False)
    return changed


async def cookie_for(request: Request, address: str) -> str | None:
    """Return the header that sets the cookie for a redirect of a form to `address`; None where it needs none."""
    if request.method in SAFE_METHODS or is_api(request):
        return None
    target = urlsplit(address)
    words = words_in(target.query)
    path = unquote(target.path)
    parameters = parameters_at(request.app, path) if words and not target.netloc else None
    if parameters is None:
        return None
    path_parameters = naming_parameters(records_of(request), request.path_params)
    source: Source = [*path_parameters.items(), *getattr(request.state, "confirmed", ())]
    moment = int(time.time())
    try:
        texts = await _signed_texts(request, path, words, moment, source, parameters)
    except DATABASE_ERRORS as error:  # what the form did is saved: the redirect goes out
        _log.warning("confirmation not signed", reason=type(error).__name__)
        return None
    identity = identity_of(request.app)
    mark = base64.urlsafe_b64encode(urlencode(source).encode()).decode().rstrip("=")
    carrier = Response()
    value = ".".join([str(moment), mark, *map(identity.confirmations.sign, texts)])
    identity.cookies.write(carrier, identity.cookies.done, value, max_age=GOOD_FOR)
    return carrier.headers["set-cookie"]


async def versions_below(request: Request, home: str, ids: Sequence[UUID]) -> list[str]:
    """Return the present versions of the records whose pages are at `home` with each id; empty for none."""
    records = records_of(request)
    sample = parameters_at(request.app, f"{home}{ids[0]}") if ids else None
    parameter = next((name for name, value in (sample or {}).items() if value == str(ids[0])), "")
    named = [list(named_records(records, {parameter: str(id_)})) for id_ in ids]
    found = [each[-1] for each in named if each]
    versions = await _present(request, found)
    return [version or "" for version in versions] if len(found) == len(ids) else [""] * len(ids)


async def _standing(request: Request, words: Words) -> _Standing:
    identity = identity_of(request.app)
    parts = request.cookies.get(identity.cookies.done, "").split(".")
    source = _source_in(parts[1]) if len(parts) == _PARTS else None
    moment = parts[0]
    if source is None or not moment.isascii() or not moment.isdigit() or int(moment) + GOOD_FOR <= time.time():
        return _Standing.UNSIGNED
    path, parameters = request.scope["path"], request.path_params
    action, records = await _signed_texts(request, path, words, int(moment), source, parameters)
    if not identity.confirmations.signed(action, parts[2]):
        return _Standing.UNSIGNED
    return _Standing.AS_LEFT if identity.confirmations.signed(records, parts[3]) else _Standing.CHANGED


def _source_in(mark: str) -> Source | None:
    try:
        text = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return parse_qsl(text, keep_blank_values=True)


def records_named(records: Records, source: Source, target: Mapping[str, object]) -> list[Named]:
    """Return the records of a form and its page, by the parameters that name them."""
    own = {name: value for name, value in source if not name.startswith(_BESIDES)}
    besides = [{name.removeprefix(_BESIDES): value} for name, value in source if name.startswith(_BESIDES)]
    found: dict[str, Named] = {}
    for parameters in (own, *besides, target):
        innermost = list(named_records(records, parameters))[-1:]
        found |= {named.prefix: named for named in innermost}
    return list(found.values())


async def _signed_texts(
    request: Request,
    path: str,
    words: Words,
    moment: int,
    source: Source,
    target: Mapping[str, object],
) -> tuple[str, str]:
    """Return what a cookie signs: the action, and with it the versions of its records.

    `source` and `target` are parameters that name the records.
    """
    versions = await _present(request, records_named(records_of(request), source, target))
    action = [moment, csrf.bound_to(request), path, sorted(words), sorted(source)]
    return orjson.dumps(action).decode(), orjson.dumps([*action, versions]).decode()


async def _present(request: Request, records: Sequence[Named]) -> list[str | None]:
    if not records:
        return []
    async with service_of(request.app).bus.glance() as session:
        return await versions_of(session, records)


def parameters_at(app: FastAPI, path: str) -> dict[str, object] | None:
    """Return the parameters in the path of a page of this service; None where there is no such page."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    for route in iter_route_contexts(app.routes):
        match, found = route.matches(scope)
        if match is Match.FULL:
            parameters: dict[str, object] = found["path_params"]
            return parameters
    return None
