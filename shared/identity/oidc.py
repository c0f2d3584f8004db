"""Sign people in and out; the routes belong to the portal (applications), which keeps the sessions.

OpenID Connect code flow with PKCE, state and nonce. What must be remembered between leaving for the provider and coming
back is in a sealed cookie, one for each tab, which proves a sign-in for ten minutes. In a local run `?as=persona` saves
typing a persona's name into the provider's form: the portal fills in that form, all else is the same flow.
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
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from joserfc.errors import JoseError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared import http_client
from shared.i18n import gettext
from shared.identity.bearer import verified
from shared.identity.guard import public
from shared.identity.page_limits import count_sign_in, count_sign_in_of
from shared.identity.principal import Principal
from shared.identity.programs import PERSON_SCOPE, choose_persona, oauth_client
from shared.identity.provider import ProviderUnavailable
from shared.identity.refusals import SIGN_IN, SignInFailed, safe_next
from shared.identity.session import ABSOLUTE, digest_of
from shared.identity.state import Identity, identity_of

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from pydantic import JsonValue

    from shared.identity.session import SessionKeeper

CALLBACK = f"{SIGN_IN}/callback"
SIGN_OUT = "/sign-out"
_UNDER_WAY_FOR = 600
# After that the cookie only says where a failed sign-in was to lead.
_REMEMBERED_FOR = 3600
_UNDER_WAY = "sign-in-"
# Tabs of one browser in which a sign-in is under way at the same time; with more, the oldest begins again.
_TABS = 20
_Known = Annotated[Principal | None, Depends(public())]
_Counted = Annotated[Principal | None, Depends(public(count_sign_in))]
_log = structlog.get_logger()


def sign_in_router() -> APIRouter:
    """Return the routes /sign-in, /sign-in/callback (GET) and /sign-out (POST, with the CSRF token)."""
    router = APIRouter(include_in_schema=False)
    router.get(SIGN_IN)(begin)
    router.get(CALLBACK)(come_back)
    router.post(SIGN_OUT)(sign_out)
    return router


async def begin(
    request: Request,
    _: _Counted,
    onward: Annotated[str | None, Query(alias="next")] = None,
    persona: Annotated[str, Query(alias="as")] = "",
) -> Response:
    """Send the browser to the provider. `next`: the path to return to; `as`: who probably signs in (`login_hint`)."""
    identity = identity_of(request.app)
    persona = persona[:200]
    under_way: dict[str, JsonValue] = {
        "nonce": secrets.token_urlsafe(16),
        "verifier": secrets.token_urlsafe(48),
        "next": safe_next(onward),
        "until": time.time() + _UNDER_WAY_FOR,
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
        max_age=_REMEMBERED_FOR,
    )
    for name in _oldest(request, identity):
        identity.cookies.clear(response, name)
    return response


class Answer(BaseModel):
    """The parameters with which the provider sends the browser back."""

    state: str = ""
    code: str | None = None
    iss: str | None = None
    error: str = ""


async def come_back(request: Request, _: _Counted, answer: Annotated[Answer, Query()]) -> Response:
    """Take the provider's code, start a new session and send the browser on to where the sign-in began."""
    identity = identity_of(request.app)
    name = _under_way_name(identity, answer.state)
    under_way = _under_way(request, identity, name, answer.state)
    if (answer.iss or identity.provider.issuer).rstrip("/") != identity.provider.issuer:
        sentence = gettext("This answer came from another sign-in provider than ours.")
        raise SignInFailed(sentence, safe_next(under_way["next"]))
    if answer.code is None:
        _log.info("sign-in refused by the provider", error=answer.error[:100])
        raise SignInFailed(gettext("The sign-in was not completed."), safe_next(under_way["next"]))
    id_token, subject = await _exchanged(identity, answer.code, under_way)
    count_sign_in_of(request, subject)
    response = RedirectResponse(safe_next(under_way["next"]), status_code=303)
    key = await _keeper(identity).begin(
        subject,
        browser=request.headers.get("user-agent", ""),
        id_token=id_token,
        replaces=digest_of(request.cookies.get(identity.cookies.session)),
    )
    _log.info("signed in")
    identity.cookies.write(response, identity.cookies.session, key, max_age=int(ABSOLUTE.total_seconds()))
    identity.cookies.clear(response, name)
    identity.cookies.clear(response, identity.cookies.list)  # the one before may have been somebody else
    return response


async def sign_out(request: Request, _: _Known) -> Response:
    """End the session here, and at the provider if it offers that (OpenID Connect RP-Initiated Logout 1.0)."""
    identity = identity_of(request.app)
    digest = digest_of(request.cookies.get(identity.cookies.session))
    id_token = None if digest is None else await _keeper(identity).sign_out(digest)
    response = RedirectResponse(await _end_at_provider(identity, id_token), status_code=303)
    identity.cookies.clear(response, identity.cookies.session)
    identity.cookies.clear(response, identity.cookies.list)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    _log.info("signed out")
    return response


def _keeper(identity: Identity) -> SessionKeeper:
    assert identity.keeper is not None, "sign-in belongs to the service that keeps the sessions"
    return identity.keeper


def _client(identity: Identity) -> AsyncOAuth2Client:
    settings = identity.settings
    secret = settings.oidc_client_secret.get_secret_value()
    return oauth_client(settings.oidc_client_id, secret, _callback(identity), PERSON_SCOPE)


def _callback(identity: Identity) -> str:
    return identity.settings.origin.rstrip("/") + CALLBACK


def _under_way_name(identity: Identity, state: str) -> str:
    mark = "".join(letter for letter in state[:8] if letter.isascii() and letter.isalnum())
    return identity.cookies.name(f"{_UNDER_WAY}{mark}")


def _oldest(request: Request, identity: Identity) -> list[str]:
    """Return the names of the cookies to drop, so that one more sign-in under way leaves at most `_TABS`."""
    start = identity.cookies.name(_UNDER_WAY).removesuffix(identity.cookies.suffix)
    begun = {
        name: (identity.sign_ins.open(text) or {}).get("until", 0)
        for name, text in request.cookies.items()
        if name.startswith(start)
    }
    return sorted(begun, key=lambda name: (begun[name], name))[: max(0, len(begun) - _TABS + 1)]


def _under_way(request: Request, identity: Identity, name: str, state: str) -> dict[str, Any]:
    """Return what this browser remembered when it left for the provider; refuse an answer nobody here requested."""
    remembered: dict[str, Any] = identity.sign_ins.open(request.cookies.get(name, "")) or {}
    until = remembered.get("until")
    same = hmac.compare_digest(str(remembered.get("state", "")).encode(), state.encode())
    if not remembered.get("state") or not same or not isinstance(until, int | float) or until < time.time():
        sentence = gettext("This sign-in took too long, or it was started in another browser.")
        raise SignInFailed(sentence, safe_next(remembered.get("next")))
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
        sentence = gettext("The sign-in could not be checked.")
        raise SignInFailed(sentence, safe_next(under_way["next"])) from error
    return id_token, str(proven.claims["sub"])


async def _end_at_provider(identity: Identity, id_token: str | None) -> str:
    home = identity.settings.origin.rstrip("/") + "/"
    try:
        address = await identity.provider.endpoint("end_session_endpoint")
    except ProviderUnavailable:
        return home
    leave = {"client_id": identity.settings.oidc_client_id, "post_logout_redirect_uri": home}
    if id_token is not None:
        leave["id_token_hint"] = id_token
    return f"{address}{'&' if '?' in address else '?'}{urlencode(leave)}"


def _away(error: Exception) -> HTTPException:
    _log.warning("sign-in provider away", reason=error)
    return HTTPException(503, gettext("The sign-in provider does not answer at the moment. Please try again."))
