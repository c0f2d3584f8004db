"""Pages for programs that fetch published files, manifests and the keys that sign them."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from services.reporting.feeds import signing, views
from services.reporting.feeds.actions import publications as actions
from services.reporting.feeds.actions.files import ours
from services.reporting.feeds.actions.publications import HOME, LATEST
from services.reporting.feeds.guards import ANYBODY, Puller
from services.reporting.feeds.responses import (
    IMMUTABLE,
    NO_CACHE,
    conditional_response,
    file_response,
    manifest_response,
)
from services.reporting.parameters import BusDep

router = APIRouter(prefix=HOME, include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_FETCHED = ["GET", "HEAD"]


@router.api_route("/keys", methods=_FETCHED, dependencies=[ANYBODY])
async def keys(bus: BusDep) -> Response:
    """Return the public keys that sign manifests, as a JWK set (RFC 7517): the present one first, then earlier ones."""
    async with bus.read() as session:
        earlier = await views.earlier_keys(session)
    key_set = signing.key_set([signing.public(signing.key_of(ours(bus.settings))), *earlier])
    return JSONResponse(key_set, headers={"Cache-Control": NO_CACHE}, media_type="application/jwk-set+json")


@router.api_route("/manifest.json", methods=_FETCHED, dependencies=[ANYBODY])
async def newest_manifest(request: Request, bus: BusDep) -> Response:
    """Return the newest manifest: all that was ever published."""
    return await manifest_response(request, bus, None)


@router.api_route("/manifests/{number}.json", methods=_FETCHED, dependencies=[ANYBODY])
async def one_manifest(request: Request, bus: BusDep, number: Number) -> Response:
    """Return a manifest by its number."""
    return await manifest_response(request, bus, number)


@router.api_route("/manifests/{number}.jws", methods=_FETCHED, dependencies=[ANYBODY])
async def signature(request: Request, bus: BusDep, number: Number) -> Response:
    """Return the detached signature of a manifest (RFC 7515, appendix F)."""
    async with bus.read() as session:
        found = await actions.manifest(session, number)
    return conditional_response(
        request, found.signature.encode(), "application/jose", found.issued_at, {"Cache-Control": IMMUTABLE}
    )


@router.api_route("/{period:published}/{name}", methods=_FETCHED)
async def standing_file(request: Request, puller: Puller, bus: BusDep, period: str, name: str) -> Response:
    """Return a file of a published period's present statement; `latest` is the period that ends last."""
    return await file_response(request, bus, puller, period, LATEST, name)


@router.api_route("/{period:published}/{statement}/{name}", methods=_FETCHED)
async def one_file(request: Request, puller: Puller, bus: BusDep, period: str, statement: str, name: str) -> Response:
    """Return a file of one statement of a period, or of the `latest`."""
    return await file_response(request, bus, puller, period, statement, name)
