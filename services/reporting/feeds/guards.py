"""Admit those who fetch published files: with a consumer's token, by a role, or everybody."""

from typing import Annotated

from fastapi import Depends, Request

from services.reporting.feeds.actions.files import open_to_all, ours
from services.reporting.feeds.actions.tokens import admit
from services.reporting.feeds.model.tokens import PREFIX, PullToken
from services.reporting.guards import READING
from shared.identity import Principal, allow, public
from shared.identity.guard import Guard, RouteAccess
from shared.identity.page_limits import count_key
from shared.identity.token_scopes import READ_FIGURES
from shared.runtime.service import service_of


class _Puller(Guard):
    """Admits a consumer's token and people who may read figures; everybody to the files that are open to all."""

    def __init__(self) -> None:
        self._readers = allow(*READING, service_scope=READ_FIGURES)
        self.access = self._readers.access

    async def __call__(self, request: Request) -> Principal | PullToken | None:
        bus = service_of(request).bus
        token = sent_token(request)
        if token is None and request.path_params.get("name") not in open_to_all(ours(bus.settings)):
            return await self._readers(request)
        request.state.principal = request.state.session = None
        if token is None:
            return None
        count_key(request)
        return await admit(bus, token)


class _Anybody(Guard):
    """Admits everybody, also a program that sends its token with each request."""

    access = RouteAccess("public")

    async def __call__(self, request: Request) -> Principal | None:
        if sent_token(request) is None:
            return await public()(request)
        request.state.principal = request.state.session = None
        return None


CONSUMER = "consumer"
"""The name of the tokens for the files in the description of the API."""


def sent_token(request: Request) -> str | None:
    """Return the consumer's token that a program sent; None if it sent none, or one of the sign-in provider."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip().startswith(PREFIX) else None


Puller = Annotated[Principal | PullToken | None, Depends(_Puller())]
"""Fetches a file of a published period; None: it is open to everybody."""
ANYBODY = Depends(_Anybody())
"""Fetches the manifest and the keys."""
