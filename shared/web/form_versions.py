"""Have each form of a page name the version of the record that it changes.

The record follows from the form's address, as it will for the request. Where the page was opened for that record, or
for one around it, the form names the version with which it was opened; else the present one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from fastapi.routing import iter_route_contexts
from starlette.routing import Match

from shared.bus.db.outdated import changed_last
from shared.bus.db.records import versions_by_record
from shared.errors import ProblemCode
from shared.identity import csrf
from shared.identity.state import service_of
from shared.identity.versions import (
    FIELD,
    changes_record,
    named_records,
    opened_versions,
    records_of,
    service_records,
    show_versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from fastapi import FastAPI
    from fastapi.routing import RouteContext
    from starlette.requests import Request

    from shared.bus.db.outdated import Outdated
    from shared.bus.db.records import Named
    from shared.web.forms import Form

# Values in the templates are escaped: no text of a person looks like a tag.
_FORM = re.compile(r"(<form\b[^>]*>)(.*?)</form>", re.DOTALL)
_ADDRESS = re.compile(r'\b(?:form)?action="([^"]*)"')
_TOKEN = re.compile(rf'<input type="hidden" name="{csrf.FIELD}" value="[^"]*">')


async def add_versions(request: Request, html: str) -> str:
    """Return the page with the versions in its forms."""
    opened = opened_versions(request)
    if opened is None or not records_of(request).by_parameter:
        return html
    changed = {form.start(): list(_changed_by(request, form)) for form in _FORM.finditer(html)}
    unknown = {chain[-1] for chains in changed.values() for chain in chains if not _opened(opened, chain)}
    present: dict[Named, str] = {}
    if unknown:
        async with service_of(request.app).bus.glance() as session:
            present = await versions_by_record(session, unknown)

    def with_versions(form: re.Match[str]) -> str:
        versions: dict[str, None] = {}
        for chain in changed[form.start()]:
            versions |= dict.fromkeys(_opened(opened, chain) or [present[chain[-1]]])
        fields = "".join(f'<input type="hidden" name="{FIELD}" value="{escape(each)}">' for each in versions)
        return _TOKEN.sub(lambda token: token[0] + fields, form[0], count=1)

    return _FORM.sub(with_versions, html)


def show_both(
    request: Request, outdated: Outdated, form: Form, saved: Form | None, *, by: str = "", at: datetime | None = None
) -> None:
    """Have the page show what was written in a form beside what is saved now; sent again, it rests on that.

    `saved` is None where the page itself shows that. `by` and `at` say who changed it last and when, as far as the
    reader may know. Raises the refusal again where the form names no version.
    """
    if outdated.code is ProblemCode.VERSION_NEEDED:
        raise outdated
    sentence = outdated.detail
    if last := changed_last(at, by):
        sentence = f"{sentence.removesuffix(changed_last(outdated.changed)).rstrip()} {last}"
    form.compare(sentence, saved)
    show_versions(request, outdated)


def _opened(opened: Sequence[str], chain: Sequence[Named]) -> list[str]:
    """Return the versions with which the page was opened for the innermost of these records that it was opened for."""
    for each in reversed(chain):
        if known := [version for version in opened if version.startswith(each.prefix)]:
            return known
    return []


def _changed_by(request: Request, form: re.Match[str]) -> Iterator[list[Named]]:
    """Return the records that each address of a form names, from the outermost to the innermost."""
    addresses = [unescape(found[1]) for found in _ADDRESS.finditer(form[1])] or [""]
    addresses += [unescape(found[1]) for found in _ADDRESS.finditer(form[2])]
    for address in addresses:
        if chain := changed_at(request.app, urlsplit(urljoin(request.url.path, address)).path):
            yield chain


def changed_at(app: FastAPI, path: str) -> list[Named]:
    """Return the records that a form sent to this path changes, from the outermost to the innermost."""
    records = service_records(app)
    scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
    for route in _routes(app).get(path.count("/"), ()):
        matches, found = route.matches(scope)
        if matches is Match.FULL:
            if not changes_record(records, str(route.path_format)):
                return []
            return list(named_records(records, found["path_params"]))
    return []


def _routes(app: FastAPI) -> Mapping[int, Sequence[RouteContext]]:
    """Return the routes of an app that take a form, by how many parts their addresses have."""
    routes: dict[int, list[RouteContext]] | None = getattr(app.state, "form_routes", None)
    if routes is None:
        routes = defaultdict(list)
        for route in iter_route_contexts(app.routes):
            if "POST" in (route.methods or ()) and "/api/" not in str(route.path):
                routes[str(route.path).count("/")].append(route)
        app.state.form_routes = routes
    return routes
