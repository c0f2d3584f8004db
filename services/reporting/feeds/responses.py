"""Answer with a file: one of a published period, a manifest, or the figures of a period as they stand now.

Published files follow RFC 9110 (ETag, Last-Modified, conditional requests, HEAD), RFC 9530 (Repr-Digest) and RFC 5829
(which version follows, which is the newest).
"""

from __future__ import annotations

import base64
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from fastapi.responses import Response

from services.reporting.disclosure.actions import agreed_figures, released_besides
from services.reporting.feeds.actions import publications as actions
from services.reporting.feeds.actions.files import open_to_all, ours
from services.reporting.feeds.actions.publications import HOME, LATEST
from services.reporting.feeds.formats.iati import NotValid, activity
from services.reporting.feeds.formats.table import csv_text
from services.reporting.feeds.model.publication import sha256
from services.reporting.feeds.model.tokens import PullToken
from services.reporting.feeds.store import tokens
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.targets import store as targets_store
from services.reporting.targets.model import standing
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock
from shared.web.path_parameters import limit_parameter

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from services.reporting.settings import Settings
    from shared.bus import Bus
    from shared.identity import Principal

IMMUTABLE = "max-age=31536000, immutable"
NO_CACHE = "no-cache"
limit_parameter("published", pattern="(?!tokens/)[^/]+")  # a period: `tokens` have routes of their own


async def csv_response(bus: Bus, period: str | None, statement: str | None = None, *, steers: bool) -> Response:
    """Return the CSV file of a period's figures, or the one kept of a statement. Raises `Refused` (404, 409)."""
    if statement is not None:
        return await _kept_file(bus, period, statement, "figures.csv")
    approval, released = await agreed_figures(bus, period, steers=steers)
    name = f'attachment; filename="tandem-figures-{approval.period.label}.csv"'
    return Response(
        csv_text(released, approval), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
    )


async def _kept_file(bus: Bus, period: str | None, statement: str, name: str) -> Response:
    """Return a file as it was kept when the statement was published. Raises `Refused` (404, 409)."""
    async with bus.read() as session:
        found = await actions.file(session, period or LATEST, statement, name)
    disposition = f'attachment; filename="tandem-{found.period}-{found.statement}-{name}"'
    return Response(found.content, media_type=found.media_type, headers={"Content-Disposition": disposition})


async def iati_response(bus: Bus, settings: Settings, period: str | None, statement: str | None = None) -> Response:
    """Return the IATI file of a published period, or the one kept of a statement.

    Raises `Refused` (404; 409 also where it would break the rules).
    """
    if statement is not None:
        return await _kept_file(bus, period, statement, "iati-activities.xml")
    approval, released = await agreed_figures(bus, period, steers=False)
    async with bus.read() as session:
        targets = standing(await targets_store.everything(session))
        others = agreed(await released_besides(session, approval.period.label))
    try:
        content = activity(released, approval, settings, clock.now(), targets, others)
    except NotValid as problem:
        raise Refused(gettext("The file would not be valid: %(why)s") % {"why": problem.findings[0]}, 409) from None
    name = f'attachment; filename="tandem-iati-{approval.period.label}.xml"'
    return Response(content, media_type="application/xml", headers={"Content-Disposition": name})


async def manifest_response(request: Request, bus: Bus, number: int | None) -> Response:
    """Return a manifest with the address of its signature. Raises `Refused` (404)."""
    async with bus.read() as session:
        found = await actions.manifest(session, number)
    own = f"{HOME}/manifests/{found.number}"
    headers = {
        "Cache-Control": NO_CACHE if number is None else IMMUTABLE,
        "Content-Location": f"{own}.json",
        "Link": f'<{own}.jws>; rel="related"; type="application/jose"',
    }
    return conditional_response(request, found.content, "application/json", found.issued_at, headers)


async def file_response(
    request: Request, bus: Bus, puller: Principal | PullToken | None, period: str, statement: str, name: str
) -> Response:
    """Return a published file; what a token fetched is noted. Raises `Refused` (404, 409)."""
    if isinstance(puller, PullToken):
        async with bus.transaction("system:feeds") as tx:
            found = await actions.file(tx.session, period, statement, name)
            await tokens.commit_without_sync(tx.session)
            await tokens.note_download(tx.session, puller.id, clock.today(), found.period, name)
    else:
        async with bus.read() as session:
            found = await actions.file(session, period, statement, name)
    of = f"{HOME}/{found.period}"
    own = f"{of}/{found.statement}/{name}"
    links = [f'<{of}/{LATEST}/{name}>; rel="latest-version"']
    if found.replaced_by is not None:
        links.append(f'<{of}/{found.replaced_by}/{name}>; rel="successor-version"')
    if name == "figures.csv":
        links.append(f'<{own}-metadata.json>; rel="describedby"; type="application/csvm+json"')
    moves = LATEST in {period, statement}
    kept_by = "public" if name in open_to_all(ours(bus.settings)) else "private"
    headers = {
        "Cache-Control": f"{kept_by}, {NO_CACHE if moves else IMMUTABLE}",
        "Content-Location": own,
        "Link": ", ".join(links),
        "Content-Disposition": f'attachment; filename="tandem-{found.period}-{found.statement}-{name}"',
    }
    return conditional_response(request, found.content, found.media_type, found.published_at, headers)


def conditional_response(
    request: Request, content: bytes, media_type: str, at: datetime, headers: dict[str, str]
) -> Response:
    """Return the bytes with their validators; only these for HEAD, and 304 to a client that has the bytes already."""
    digest = sha256(content)
    validators = {
        "ETag": f'"{digest}"',
        "Last-Modified": format_datetime(at.astimezone(UTC).replace(microsecond=0), True),
    }
    if _has(request, validators["ETag"], at):
        kept = {name: value for name, value in headers.items() if name != "Content-Disposition"}
        return Response(status_code=304, headers=kept | validators)
    validators["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    if request.method == "HEAD":
        return Response(headers=headers | validators | {"Content-Length": str(len(content))}, media_type=media_type)
    return Response(content, headers=headers | validators, media_type=media_type)


def _has(request: Request, tag: str, at: datetime) -> bool:
    """Return whether the client has these bytes (RFC 9110, 13.2.2): a date counts only if no tag is sent."""
    tags, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if tags is not None:
        return bool({"*", tag} & {each.strip().removeprefix("W/") for each in tags.split(",")})
    try:
        return since is not None and at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False  # not a date, so it is ignored
