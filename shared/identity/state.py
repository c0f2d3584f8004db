"""Hold the identity state of a running service: keys, cookie names, sessions and tokens checked lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shared.identity.bearer import BearerTokens
from shared.identity.internal import service_headers
from shared.identity.provider import Provider
from shared.identity.rate_limit import RateLimit
from shared.identity.remote_sessions import RemoteSessions
from shared.identity.sealing import Seal, keys_from
from shared.identity.session import CookieJar

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from pydantic import SecretStr
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
    from starlette.applications import Starlette

    from shared.identity.session import SessionKeeper, Sessions


class IdentitySettings(Protocol):
    """The part of `shared.settings.ServiceSettings` that identity needs."""

    origin: str
    local: bool
    session_key: SecretStr
    oidc_issuer: str
    oidc_discovery: str | None
    oidc_client_id: str
    oidc_client_secret: SecretStr
    portal_url: str
    ticket_public_key: str
    service_token: SecretStr
    require_scopes: bool
    api_requests: int
    sign_in_requests: int
    link_requests: int
    form_requests: int


class _Bus(Protocol):
    engine: AsyncEngine

    def read(self) -> AbstractAsyncContextManager[AsyncSession]: ...
    def glance(self) -> AbstractAsyncContextManager[AsyncSession]: ...
    def transaction(self, actor: str) -> AbstractAsyncContextManager[Any]: ...


class _Service(Protocol):
    name: str
    settings: IdentitySettings
    bus: _Bus


class PageLimits:
    """The limits a minute for one address, person or key, in this process (`page_limits.py`)."""

    def __init__(self, settings: IdentitySettings) -> None:
        self.sign_ins = RateLimit(settings.sign_in_requests)
        self.links = RateLimit(settings.link_requests)
        self.forms = RateLimit(settings.form_requests)


class Identity:
    """The identity side of one app, made once, from the settings."""

    def __init__(self, settings: IdentitySettings, service: str) -> None:
        keys = keys_from(settings.session_key.get_secret_value())
        self.settings = settings
        self.cookies = CookieJar(settings.origin)
        headers = service_headers(service, settings.service_token.get_secret_value())
        self.sessions: Sessions = RemoteSessions(settings.portal_url, headers)
        self.keeper: SessionKeeper | None = None
        """Where the sessions are kept: in the portal only."""
        self.sign_ins = Seal(keys, "sign-in")
        self.narrow = Seal(keys, "ticket")
        self.csrf = Seal(keys, "csrf")
        self.confirmations = Seal(keys, "confirmation")
        self.links = Seal(keys, "link")
        self.answers = Seal(keys, "answer")
        self.rate_limit = RateLimit(settings.api_requests)
        self.limits = PageLimits(settings)
        self.provider = Provider(settings.oidc_issuer, settings.oidc_discovery)
        self.bearer = BearerTokens(self.provider, audience=settings.oidc_client_id)

    def keep_sessions(self, keeper: SessionKeeper) -> None:
        """Find and begin sessions in `keeper`: this service is the portal."""
        self.sessions = self.keeper = keeper

    async def close(self) -> None:
        """Close connections."""
        await self.sessions.close()


def identity_of(app: Starlette) -> Identity:
    """Return the app's `Identity`, made from its service's settings at the first call."""
    identity: Identity | None = getattr(app.state, "identity", None)
    if identity is None:
        service = service_of(app)
        identity = app.state.identity = Identity(service.settings, service.name)
    return identity


def service_of(app: Starlette) -> _Service:
    """Return the running service of `app`, which `shared/runtime/service.py` stored there."""
    service: _Service = app.state.service
    return service
