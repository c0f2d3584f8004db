"""Sign people in and out; the routes belong to the portal (applications), the only writer of the session.

OpenID Connect code flow with PKCE, state and nonce. What must be remembered between leaving for the provider and coming
back is in a sealed cookie that is good for ten minutes, one for each tab. In a local run `?as=persona` saves typing a
persona's name into the provider's form: the portal fills in that form, all else is the same flow.
"""

from __future__ import annotations

import hmac
import secrets
import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from joserfc.errors import JoseError
from starlette.exceptions import HTTPException

from shared import http_client
from shared.i18n import gettext
from shared.identity.bearer import verified
from shared.identity.guard import public
from shared.identity.principal import Principal
from shared.identity.programs import PERSON_SCOPE, choose_persona, oauth_client
from shared.identity.provider import ProviderUnavailable
from shared.identity.refusals import SIGN_IN, safe_next
from shared.identity.session import ABSOLUTE, Session, open_session, sealed_session
from shared.identity.state import Identity, identity_of

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

CALLBACK = f"{SIGN_IN}/callback"
SIGN_OUT = "/sign-out"
_UNDER_WAY_FOR = 600
# Browsers keep cookies of up to 4,096 bytes, name and attributes included.
_COOKIE_AT_MOST = 3_800
_Known = Annotated[Principal | None, Depends(public())]
_log = structlog.get_logger()


def sign_in_router() -> APIRouter:
    """Return the routes /sign-in, /sign-in/callback, /sign-in/renew (GET) and /sign-out (POST, with the CSRF token)."""
    router = APIRouter(include_in_schema=False)
    router.get(SIGN_IN)(begin)
    router.get(CALLBACK)(come_back)
    router.get(f"{SIGN_IN}/renew")(renew)
    router.post(SIGN_OUT)(sign_out)
    return router


async def begin(request: Request, _: _Known) -> Response:
    """Send the browser to the provider. `next`: the path to return to; `as`: who probably signs in (`login_hint`)."""
    identity = identity_of(request.app)
    persona = request.query_params.get("as", "")[:200]
    under_way = {
        "nonce": secrets.token_urlsafe(16),
        "verifier": secrets.token_urlsafe(48),
        "next": safe_next(request.query_params.get("next")),
        "until": int(time.time()) + _UNDER_WAY_FOR,
    }
    try:
        async with _client(identity) as client:
            url, state = client.create_authorization_url(
                await identity.provider.endpoint("authorization_endpoint"),
                code_verifier=under_way["verifier"],
                nonce=under_way["nonce"],
                **({"login_hint": persona} if persona else {}),
            )
        if persona and identity.settings.local:
            async with http_client.client(timeout=5.0) as browser:
                url = await choose_persona(browser, url, persona, _callback(identity)) or url
    except ProviderUnavailable as error:
        raise _away(error) from error
    response = RedirectResponse(url, status_code=303)
    identity.cookies.write(
        response,
        _under_way_name(identity, state),
        identity.sign_ins.close({**under_way, "state": state}),
        max_age=_UNDER_WAY_FOR,
        path=SIGN_IN,
    )
    return response


async def come_back(request: Request, _: _Known) -> Response:
    """Take the provider's code, start a new session and send the browser on to where the sign-in began."""
    identity = identity_of(request.app)
    query = request.query_params
    name = _under_way_name(identity, query.get("state", ""))
    under_way = _under_way(request, identity, name)
    if query.get("iss", identity.provider.issuer).rstrip("/") != identity.provider.issuer:
        raise HTTPException(400, gettext("This answer came from another sign-in provider than ours."))
    if "code" not in query:
        _log.info("sign-in refused by the provider", error=query.get("error", "")[:100])
        raise HTTPException(401, gettext("The sign-in was not completed. You can try again."))
    id_token, subject = await _exchanged(identity, query["code"], under_way)
    response = RedirectResponse(safe_next(under_way["next"]), status_code=303)
    _write_session(response, identity, Session.begin(subject))
    hint = identity.sign_ins.close({"id_token": id_token})
    if len(hint) <= _COOKIE_AT_MOST:
        identity.cookies.write(response, _hint_name(identity), hint, max_age=ABSOLUTE, path=SIGN_OUT)
    identity.cookies.clear(response, name, path=SIGN_IN)
    identity.cookies.clear(response, identity.cookies.list)  # the one before may have been somebody else
    return response


async def renew(request: Request, _: _Known) -> Response:
    """Write the cookie of a valid session again, and send the browser back to where it came from."""
    identity = identity_of(request.app)
    address = safe_next(request.query_params.get("next"))
    session = open_session(request.cookies.get(identity.cookies.session), identity.sessions)
    if session is None:
        return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': address})}", status_code=303)
    response = RedirectResponse(address, status_code=303)
    _write_session(response, identity, session.renewed(time.time()))
    return response


async def sign_out(request: Request, _: _Known) -> Response:
    """End the session here, and at the provider if it offers that (OpenID Connect RP-Initiated Logout 1.0)."""
    identity = identity_of(request.app)
    response = RedirectResponse(await _end_of_session(request, identity), status_code=303)
    identity.cookies.clear(response, identity.cookies.session)
    identity.cookies.clear(response, identity.cookies.list)
    identity.cookies.clear(response, _hint_name(identity), path=SIGN_OUT)
    return response


def _client(identity: Identity) -> AsyncOAuth2Client:
    settings = identity.settings
    secret = settings.oidc_client_secret.get_secret_value()
    return oauth_client(settings.oidc_client_id, secret, _callback(identity), PERSON_SCOPE)


def _callback(identity: Identity) -> str:
    return identity.settings.origin.rstrip("/") + CALLBACK


def _under_way_name(identity: Identity, state: str) -> str:
    mark = "".join(letter for letter in state[:8] if letter.isascii() and letter.isalnum())
    return identity.cookies.name(f"sign-in-{mark}")


def _hint_name(identity: Identity) -> str:
    return identity.cookies.name("sign-out")


def _under_way(request: Request, identity: Identity, name: str) -> dict[str, Any]:
    """Return what this browser remembered when it left for the provider; refuse an answer nobody here requested."""
    remembered = identity.sign_ins.open(request.cookies.get(name, "")) or {}
    same = hmac.compare_digest(
        str(remembered.get("state", "")).encode(), request.query_params.get("state", "").encode()
    )
    if not remembered.get("state") or not same or remembered["until"] < time.time():
        raise HTTPException(
            400, gettext("This sign-in took too long, or it was started in another browser. Please sign in again.")
        )
    return remembered


async def _exchanged(identity: Identity, code: str, under_way: dict[str, Any]) -> tuple[str, str]:
    """Exchange the provider's code; return the ID token and the subject that it proves."""
    try:
        async with _client(identity) as client:
            answer = await client.fetch_token(
                await identity.provider.endpoint("token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=under_way["verifier"],
            )
        id_token = str(answer.get("id_token", ""))
        proven = await verified(
            id_token, identity.provider, audience=identity.settings.oidc_client_id, nonce=under_way["nonce"]
        )
    except (ProviderUnavailable, httpx2.HTTPError) as error:
        raise _away(error) from error
    except (AuthlibBaseError, JoseError, ValueError) as error:
        _log.warning("sign-in not proven", reason=type(error).__name__)
        raise HTTPException(401, gettext("The sign-in could not be checked. Please sign in again.")) from error
    return id_token, str(proven.claims["sub"])


async def _end_of_session(request: Request, identity: Identity) -> str:
    home = identity.settings.origin.rstrip("/") + "/"
    try:
        address = await identity.provider.endpoint("end_session_endpoint")
    except ProviderUnavailable:
        return home
    hint = identity.sign_ins.open(request.cookies.get(_hint_name(identity), "")) or {}
    leave = {"client_id": identity.settings.oidc_client_id, "post_logout_redirect_uri": home}
    if isinstance(hint.get("id_token"), str):
        leave["id_token_hint"] = hint["id_token"]
    return f"{address}{'&' if '?' in address else '?'}{urlencode(leave)}"


def _write_session(response: Response, identity: Identity, session: Session) -> None:
    left = max(1, session.expires - int(time.time()))
    identity.cookies.write(response, identity.cookies.session, sealed_session(session, identity.sessions), max_age=left)


def _away(error: Exception) -> HTTPException:
    _log.warning("sign-in provider away", reason=error)
    return HTTPException(503, gettext("The sign-in provider does not answer at the moment. Please try again."))
