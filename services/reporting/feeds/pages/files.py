"""What does a program get that fetches a published file, the manifest or the keys? The same bytes each time.

The answers follow RFC 9110 (ETag, Last-Modified, conditional requests, HEAD), RFC 9530 (Repr-Digest) and RFC 5829
(which version follows, which is the newest).
"""

import base64
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from services.reporting.feeds import signing
from services.reporting.feeds.actions import publications as actions
from services.reporting.feeds.actions.files import open_to_all, ours
from services.reporting.feeds.actions.publications import HOME, LATEST
from services.reporting.feeds.model.publication import sha256
from services.reporting.feeds.model.tokens import PullToken
from services.reporting.feeds.store import publications as store
from services.reporting.feeds.store import tokens
from services.reporting.guards import ANYBODY, Puller
from shared.bus import Bus
from shared.identity import Principal
from shared.runtime.service import bus_of
from shared.time import clock

router = APIRouter(prefix=HOME, include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_FETCHED = ["GET", "HEAD"]
_EVER = "max-age=31536000, immutable"
_AGAIN = "no-cache"


@router.api_route("/keys", methods=_FETCHED, dependencies=[ANYBODY])
async def keys(bus: Store) -> Response:
    """The public keys that sign manifests, as a JWK set (RFC 7517): the present one first, then earlier ones."""
    async with bus.read() as session:
        earlier = await store.keys(session)
    told = signing.key_set([signing.public(signing.key_of(ours(bus.settings))), *earlier])
    return JSONResponse(told, headers={"Cache-Control": _AGAIN}, media_type="application/jwk-set+json")


@router.api_route("/manifest.json", methods=_FETCHED, dependencies=[ANYBODY])
async def newest_manifest(request: Request, bus: Store) -> Response:
    """The newest manifest: all that was ever published."""
    return await manifest_answer(request, bus, None)


@router.api_route("/manifests/{number}.json", methods=_FETCHED, dependencies=[ANYBODY])
async def one_manifest(request: Request, bus: Store, number: Number) -> Response:
    """A manifest by its number."""
    return await manifest_answer(request, bus, number)


@router.api_route("/manifests/{number}.jws", methods=_FETCHED, dependencies=[ANYBODY])
async def signature(request: Request, bus: Store, number: Number) -> Response:
    """The detached signature of a manifest (RFC 7515, appendix F)."""
    async with bus.read() as session:
        found = await actions.manifest(session, number)
    return answered(request, found.signature.encode(), "application/jose", found.issued_at, {"Cache-Control": _EVER})


@router.api_route("/{period}/{name}", methods=_FETCHED)
async def standing_file(request: Request, puller: Puller, bus: Store, period: str, name: str) -> Response:
    """A file of a published period as it stands; `latest` is the period that ends last."""
    return await file_answer(request, bus, puller, period, LATEST, name)


@router.api_route("/{period}/{statement}/{name}", methods=_FETCHED)
async def one_file(request: Request, puller: Puller, bus: Store, period: str, statement: str, name: str) -> Response:
    """A file of one statement of a period, or of the `latest`."""
    return await file_answer(request, bus, puller, period, statement, name)


async def manifest_answer(request: Request, bus: Bus, number: int | None) -> Response:
    """A manifest with the address of its signature. Raises `Refused` (404)."""
    async with bus.read() as session:
        found = await actions.manifest(session, number)
    own = f"{HOME}/manifests/{found.number}"
    headers = {
        "Cache-Control": _AGAIN if number is None else _EVER,
        "Content-Location": f"{own}.json",
        "Link": f'<{own}.jws>; rel="related"; type="application/jose"',
    }
    return answered(request, found.content, "application/json", found.issued_at, headers)


async def file_answer(
    request: Request, bus: Bus, puller: Principal | PullToken | None, period: str, statement: str, name: str
) -> Response:
    """A published file; what a token fetched is noted. Raises `Refused` (404, 409)."""
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
        "Cache-Control": f"{kept_by}, {_AGAIN if moves else _EVER}",
        "Content-Location": own,
        "Link": ", ".join(links),
        "Content-Disposition": f'attachment; filename="tandem-{found.period}-{found.statement}-{name}"',
    }
    return answered(request, found.content, found.media_type, found.published_at, headers)


def answered(request: Request, content: bytes, media_type: str, at: datetime, headers: dict[str, str]) -> Response:
    """The bytes with their validators; only those for HEAD, and 304 to whoever has them already."""
    digest = sha256(content)
    seen = {"ETag": f'"{digest}"', "Last-Modified": format_datetime(at.astimezone(UTC).replace(microsecond=0), True)}
    if _has(request, seen["ETag"], at):
        kept = {name: value for name, value in headers.items() if name != "Content-Disposition"}
        return Response(status_code=304, headers=kept | seen)
    seen["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    if request.method == "HEAD":
        return Response(headers=headers | seen | {"Content-Length": str(len(content))}, media_type=media_type)
    return Response(content, headers=headers | seen, media_type=media_type)


def _has(request: Request, tag: str, at: datetime) -> bool:
    """Whether the asker has these bytes (RFC 9110, 13.2.2): a date counts only where no tag is sent."""
    tags, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if tags is not None:
        return bool({"*", tag} & {each.strip().removeprefix("W/") for each in tags.split(",")})
    try:
        return since is not None and at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False  # not a date, so it says nothing
