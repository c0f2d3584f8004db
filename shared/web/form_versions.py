"""Have each form of a page name the version of the record that it changes, and carry what the page shows of it.

The record follows from the form's address, as it will for the request. Where the page was opened for that record, or
for one around it, the form names the version with which it was opened; else the present one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from fastapi.routing import iter_route_contexts
from starlette.routing import Match

from shared.bus.db.outdated import changed_last
from shared.bus.db.records import versions_by_record
from shared.errors import ProblemCode
from shared.identity import csrf
from shared.identity.record_facts import facts_by_record
from shared.identity.refusals import SAFE_METHODS
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
from shared.time import clock
from shared.web.form_pages import FIELD as PAGE_FIELD
from shared.web.form_pages import FormPage, buttons_in, page_in, shown_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from fastapi import FastAPI
    from fastapi.routing import RouteContext
    from starlette.requests import Request

    from shared.bus.db.outdated import Outdated
    from shared.bus.db.records import Named
    from shared.identity.record_facts import Facts
    from shared.web.forms import Form

# Values in the templates are escaped: no text of a person looks like a tag.
_FORM = re.compile(r"(<form\b[^>]*>)(.*?)</form>", re.DOTALL)
_ADDRESS = re.compile(r'\b(?:form)?action="([^"]*)"')
_TOKEN = re.compile(rf'<input type="hidden" name="{csrf.FIELD}" value="[^"]*">')


async def add_versions(request: Request, html: str) -> str:
    """Return the page with the versions in its forms, and what it shows of their records."""
    opened = opened_versions(request)
    records = records_of(request)
    if opened is None or not records.by_parameter:
        return html
    changed = {form.start(): list(_changed_by(request, form)) for form in _FORM.finditer(html)}
    chains = [chain for each in changed.values() for chain in each]
    if not chains:
        return html
    reader, at = getattr(request.state, "principal", None), clock.now()
    async with service_of(request.app).bus.glance() as session:
        # The facts are read before the versions: those of a version that holds after them are as that version says.
        facts = await facts_by_record(session, records.facts, reader, {each for chain in chains for each in chain})
        named = {_named(opened, chain) for chain in chains}
        present = await versions_by_record(session, named)
    own: FormPage | None = getattr(request.state, "form_page", None)
    before, beside = await _page_sent(request), shown_facts(request)

    def with_versions(form: re.Match[str]) -> str:
        versions: dict[str, None] = {}
        seen: dict[str, Facts] = {}
        since = at
        for chain in changed[form.start()]:
            record = _named(opened, chain)
            known = _opened(opened, chain) or [present[record]]
            versions |= dict.fromkeys(known)
            if present[record] in known:
                seen |= {each.prefix: facts[each] for each in chain}
            else:  # the form is shown again with the version that it names
                seen |= {each.prefix: before.facts[each.prefix] for each in chain if each.prefix in before.facts}
                since = before.at or at
        if not versions:
            return form[0]
        seen |= beside
        page = own or FormPage(request.url.path, at, list(buttons_in(request.url.path, form[1], form[2])))
        fields = "".join(f'<input type="hidden" name="{FIELD}" value="{escape(each)}">' for each in versions)
        fields += (
            f'<input type="hidden" name="{PAGE_FIELD}" value="{escape(replace(page, at=since, facts=seen).text())}">'
        )
        return _TOKEN.sub(lambda token: token[0] + fields, form[0], count=1)

    return _FORM.sub(with_versions, html)


async def _page_sent(request: Request) -> FormPage:
    """Return the page that the form of this request names."""
    if request.method in SAFE_METHODS or "if-match" in request.headers:
        return FormPage()
    return page_in((await csrf.sent_form(request)).get(PAGE_FIELD))


def show_both(
    request: Request, outdated: Outdated, form: Form, saved: Form | None, *, by: str = "", at: datetime | None = None
) -> None:
    """Have the page show what was written in a form beside what is saved now; sent again, it rests on that.

    `saved` is None where the page itself shows that. `by` and `at` say who changed it last and when, as far as the
    reader may know. Raises the refusal again where the form names no version, where it cannot be saved any more, and
    where nothing of the form differs: then the record is compared as a whole (`stale_forms.py`).
    """
    if outdated.refused or outdated.code is ProblemCode.VERSION_NEEDED:
        raise outdated
    sentence = outdated.detail
    if last := changed_last(at, by):
        sentence = f"{sentence.removesuffix(changed_last(outdated.changed)).rstrip()} {last}"
    form.compare(sentence, saved)
    if not form.differences:
        raise outdated
    show_versions(request, outdated)


def _named(opened: Sequence[str], chain: Sequence[Named]) -> Named:
    """Return the one of these records whose version a form names."""
    return next(
        (each for each in reversed(chain) if any(version.startswith(each.prefix) for version in opened)), chain[-1]
    )


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
