"""Check calls of internal routes: only our own services may make them."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException

from shared.redaction import route_of

if TYPE_CHECKING:
    from starlette.requests import Request

TOKEN_HEADER = "X-Service-Token"  # noqa: S105 - the header's name, not a token
CALLER_HEADER = "X-Service"
_log = structlog.get_logger()


def service_headers(caller: str, token: str) -> dict[str, str]:
    """Return the headers with which the service `caller` calls another's internal route."""
    return {TOKEN_HEADER: token.partition(",")[0].strip(), CALLER_HEADER: caller}


def check_service(request: Request, tokens: str) -> str:
    """Return the name of the calling service; raises 401 unless it sent one of `tokens` (old ones after commas).

    The comparison takes the same time whatever is sent; the caller is logged, the token never.
    """
    # Prometheus can send its credentials in this header only.
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    sent = (request.headers.get(TOKEN_HEADER) or bearer).encode()
    caller = request.headers.get(CALLER_HEADER, "unknown")[:40]
    wanted = [token.strip().encode() for token in tokens.split(",") if token.strip()]
    if not any([hmac.compare_digest(sent, token) for token in wanted]):  # noqa: C419 - always compares with all of them
        _log.warning("internal call refused", caller=caller, route=route_of(request.scope))
        raise HTTPException(401, "This route is for the services of this installation.")
    _log.info("internal call", caller=caller, route=route_of(request.scope))
    return caller
