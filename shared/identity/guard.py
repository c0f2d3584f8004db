"""Guard routes: decide who may use each one.

Every route has exactly one guard, as a FastAPI dependency: `Depends(allow(Role.OFFICER))` and the like. A guard lets
somebody in, leaves `request.state.principal` for the page shell, and checks that an unsafe request came from our own
page (`csrf.py`). `access_of` returns whom a route's guard lets in, so that a test can compare every route with every
role, and `every_route` refuses an app with a route that has none.
"""

# No `from __future__ import annotations` here: FastAPI cannot resolve such annotations of an object that is called.
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from shared.attempts import AttemptKind, note_attempt
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import confirmations, csrf, idempotency, versions
from shared.identity.access import load_principal
from shared.identity.bearer import Proof
from shared.identity.internal import check_service
from shared.identity.own_cases import check_own_case
from shared.identity.page_limits import count_form
from shared.identity.principal import Principal
from shared.identity.provider import ProviderUnavailable
from shared.identity.rate_limit import count_request
from shared.identity.refusals import (
    SAFE_METHODS,
    SIGN_IN,
    LinkRefused,
    NotAllowed,
    SignInNeeded,
    SignInUnchecked,
    is_api,
)
from shared.identity.session import SessionsUnavailable, digest_of
from shared.identity.state import identity_of, service_of
from shared.identity.suspensions import admit_suspended
from shared.identity.ticket_exchange import ticket_of
from shared.identity.tickets import Ticket
from shared.identity.token_scopes import ROLE_SCOPES, SERVICE_SCOPES, roles_of
from shared.time.zones import write_for

Kind = Literal["public", "signed_in", "roles", "internal", "ticket"]
_log = structlog.get_logger()


class Unguarded(RuntimeError):
    """A route of an app has no guard, or more than one."""


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """The access to a route: `roles` for kind `roles` (and besides a ticket), `purpose` for kind `ticket`.

    `service_scope` is the scope with which a program that acts for nobody is let in besides.
    """

    kind: Kind
    roles: frozenset[Role] = frozenset()
    purpose: str | None = None
    service_scope: str | None = None

    def admits(self, role: Role) -> bool:
        """Return whether a person who signed in with just that role passes the guard (without a ticket)."""
        return self.kind in {"public", "signed_in"} or role in self.roles


class Guard:
    """The base of all guards: a FastAPI dependency that also states whom it lets in."""

    access: RouteAccess

    async def __call__(self, request: Request) -> object:
        """Let the request in and return its principal, ticket or calling service, or raise a refusal."""
        raise NotImplementedError


def _valid_scope(service_scope: str | None) -> str | None:
    if service_scope is not None and service_scope not in SERVICE_SCOPES:
        raise ValueError(f"{service_scope} is not one of SERVICE_SCOPES.")
    return service_scope


class _Public(Guard):
    access = RouteAccess("public")

    def __init__(self, count: Callable[[Request], None] | None = None) -> None:
        self._count = count

    async def __call__(self, request: Request) -> Principal | None:
        if self._count is not None:
            self._count(request)
        principal = await _principal_of(request, self.access)
        await _check_sending(request)
        await versions.check(request)
        return principal


class _SignedIn(Guard):
    def __init__(self, service_scope: str | None = None) -> None:
        self.access = RouteAccess("signed_in", service_scope=_valid_scope(service_scope))

    async def __call__(self, request: Request) -> Principal:
        principal = await _signed_in(request, self.access)
        await _check_sending(request)
        await versions.check(request)
        return principal


class _Roles(Guard):
    def __init__(self, roles: tuple[Role, ...], service_scope: str | None = None) -> None:
        self.access = RouteAccess("roles", frozenset(roles), service_scope=_valid_scope(service_scope))
        self._roles = roles

    async def __call__(self, request: Request) -> Principal:
        principal = await _signed_in(request, self.access)
        if principal.client is None and not principal.has(*self._roles):
            _refuse_withheld(principal, self._roles)
            principal = await admit_suspended(request, principal, self._roles)
        await _check_sending(request)
        await check_own_case(request, principal)
        await versions.check(request)
        return principal


class _Internal(Guard):
    access = RouteAccess("internal")

    async def __call__(self, request: Request) -> str:
        caller = check_service(request, identity_of(request.app).settings.service_token.get_secret_value())
        request.state.principal = None
        return caller


class _Ticket(Guard):
    def __init__(self, purpose: str, of: str) -> None:
        self.access = RouteAccess("ticket", purpose=purpose)
        self._purpose, self._of = purpose, of

    async def __call__(self, request: Request) -> Ticket:
        principal = await _principal_of(request, self.access)
        holder = await ticket_of(request, self._purpose, request.path_params[self._of], principal)
        if holder is None:
            raise SignInNeeded if principal is None else LinkRefused(self._purpose)
        await _check_sending(request)
        await versions.check(request)
        return holder


class _TicketOrRoles(Guard):
    def __init__(self, purpose: str, roles: tuple[Role, ...], of: str) -> None:
        self.access = RouteAccess("ticket", frozenset(roles), purpose)
        self._purpose, self._roles, self._of = purpose, roles, of

    async def __call__(self, request: Request) -> Ticket | Principal:
        principal = await _principal_of(request, self.access)
        holder = await ticket_of(request, self._purpose, request.path_params[self._of], principal)
        if holder is None and principal is None:
            raise SignInNeeded
        if holder is None and principal is not None and not principal.has(*self._roles):
            _refuse_withheld(principal, self._roles)
            raise NotAllowed(_from_portal())
        await _check_sending(request)
        if holder is None and principal is not None:
            await check_own_case(request, principal)
        await versions.check(request)
        answer = holder or principal
        assert answer is not None
        return answer


def allow(*roles: Role, service_scope: str | None = None) -> _Roles:
    """Let in people who hold one of `roles` now; gives the Principal. `Depends(allow(Role.OFFICER, Role.MENTOR))`.

    With `service_scope` (`token_scopes.SERVICE_SCOPES`) a program that acts for nobody is let in if its token has that
    scope; its Principal holds no role. Only for operations of the API that answer nothing personal.
    """
    if not roles:
        raise ValueError("Name the roles; signed_in() is for everybody with an account.")
    return _Roles(roles, service_scope)


def public(count: Callable[[Request], None] | None = None) -> _Public:
    """Let everybody in; gives the Principal of a signed-in person, else None.

    `count` counts the request before anything else, and refuses too many (`page_limits.py`).
    """
    return _PUBLIC if count is None else _Public(count)


def signed_in(*, service_scope: str | None = None) -> _SignedIn:
    """Let in everybody who is signed in, with any role or none; gives the Principal. `service_scope` as in `allow`."""
    return _SignedIn(service_scope) if service_scope else _SIGNED_IN


def internal() -> _Internal:
    """Let in the other services of this installation by their token; gives the caller's name."""
    return _INTERNAL


def ticket(purpose: str, *, of: str = "application_id") -> _Ticket:
    """Let in requests with a ticket of the portal for `purpose` and for the case that the path names in `{of}`.

    Gives the Ticket. A ticket in the address is exchanged for a cookie and the browser sent on to the clean address; a
    program sends it along its bearer token each time, in the header `X-Ticket`.
    """
    return _Ticket(purpose, of)


def ticket_or_role(purpose: str, *roles: Role, of: str = "application_id") -> _TicketOrRoles:
    """Let in as `ticket` does, but people who hold one of `roles` need none; gives the Ticket, else the Principal."""
    return _TicketOrRoles(purpose, roles, of)


_PUBLIC, _SIGNED_IN, _INTERNAL = _Public(), _SignedIn(), _Internal()


def guard_of(route: APIRoute | RouteContext) -> Guard:
    """Return the guard of a route; raises `Unguarded` unless there is exactly one."""
    found = {id(guard): guard for guard in _guards(getattr(route, "dependant", None))}
    if len(found) != 1:
        methods = ",".join(sorted(route.methods or ()))
        raise Unguarded(f"{methods} {route.path} has {len(found)} guards; every route has exactly one.")
    return next(iter(found.values()))


def access_of(route: APIRoute | RouteContext) -> RouteAccess:
    """Return whom the guard of a route lets in; raises `Unguarded` unless there is exactly one guard."""
    return guard_of(route).access


def every_route(app: FastAPI) -> list[tuple[RouteContext, RouteAccess]]:
    """Return all routes of an app, included routers' too, with whom they let in, by path and method.

    Raises `Unguarded` at the first route without exactly one guard, a mounted app included.
    """
    routes = sorted(iter_route_contexts(app.routes), key=lambda route: (route.path or "", sorted(route.methods or ())))
    for route in routes:
        if isinstance(route.original_route, Mount):
            raise Unguarded(f"{route.path} is a mounted app, whose routes nobody guards.")
    return [(route, access_of(route)) for route in routes]


def _guards(dependant: Dependant | None) -> Iterator[Guard]:
    if dependant is None:
        return
    if isinstance(dependant.call, Guard):
        yield dependant.call
    for below in dependant.dependencies:
        yield from _guards(below)


async def _check_sending(request: Request) -> None:
    """Count a form that a person sends, check that it is from a page of ours, and that a program sends it once.

    Raises `Onward` for a page whose address says what was not done.
    """
    if request.method not in SAFE_METHODS and not is_api(request):
        count_form(request, csrf.bound_to(request))
    await csrf.check(request)
    await confirmations.check(request)
    await idempotency.check(request)


def _from_portal() -> str:
    return gettext("Open this page from your application or your match. The link there gives you access.")


def _refuse_withheld(principal: Principal, roles: tuple[Role, ...]) -> None:
    """Say so where the person holds the role, but the token's scopes do not name it."""
    missing = [ROLE_SCOPES[role] for role in roles if role in principal.withheld]
    if missing:
        raise NotAllowed(gettext("The scopes of this bearer token do not include your role for this."), scopes=missing)


async def _signed_in(request: Request, access: RouteAccess) -> Principal:
    principal = await _principal_of(request, access)
    if principal is None:
        raise SignInNeeded
    return principal


async def _principal_of(request: Request, access: RouteAccess) -> Principal | None:
    """Return who makes the request; None for a stranger. A request to an API counts towards the sender's limit."""
    if not is_api(request):
        return await _identified(request, access)
    limit = identity_of(request.app).rate_limit
    try:
        principal = await _identified(request, access)
    except HTTPException:  # a token that does not count: the address stands for its sender
        count_request(request, limit, None)
        raise
    count_request(request, limit, principal)
    return principal


async def _identified(request: Request, access: RouteAccess) -> Principal | None:
    """Return who makes the request: by bearer token if one is sent, else by the session cookie; None for a stranger.

    A program that acts for nobody is let in by `access` only; on public routes it is a stranger.

    A sign-in from before the suspension of a country whose people are asking is over, and such a token is refused.
    """
    request.state.principal = request.state.session = request.state.session_digest = None
    write_for(None)
    program = "authorization" in request.headers
    proof = await (_bearer(request) if program else _session(request, access))
    if proof is None:
        return None
    if proof.client is not None:
        return _service_client(request, proof, access)
    async with service_of(request.app).bus.glance() as session:
        principal = await load_principal(session, proof.subject)
    if not principal.counts(proof.issued):
        if program:
            sentence = gettext("This bearer token is from before a suspension, or does not say when it was issued.")
            raise SignInNeeded(sentence)
        request.state.session = request.state.session_digest = None
        return None
    if program:
        required = identity_of(request.app).settings.require_scopes
        principal = principal.limited_to(roles_of(proof.scopes, required=required))
    request.state.principal = principal
    write_for(next((grant.country for grant in principal.grants if grant.country), None))
    return principal


def _service_client(request: Request, proof: Proof, access: RouteAccess) -> Principal | None:
    if access.kind == "public":
        return None
    if access.service_scope is None:
        raise NotAllowed(gettext("This is for people. A token that a program got for itself does not open it."))
    if access.service_scope not in proof.scopes:
        sentence = gettext("The token of this program lacks the scope %(scope)s.") % {"scope": access.service_scope}
        raise NotAllowed(sentence, scopes=[access.service_scope])
    principal = request.state.principal = Principal(proof.subject, client=proof.client)
    return principal


async def _bearer(request: Request) -> Proof:
    scheme, _, token = request.headers["authorization"].partition(" ")
    if scheme.lower() != "bearer":
        raise SignInNeeded(gettext("Send a bearer token of the sign-in provider."))
    try:
        proof = await identity_of(request.app).bearer.proof(token.strip())
    except ProviderUnavailable as error:
        _log.warning("bearer token not checked", reason=error)
        raise HTTPException(503, gettext("The sign-in provider does not answer at the moment.")) from None
    if proof is None:
        note_attempt(AttemptKind.FORGED_TOKEN)
        raise SignInNeeded(gettext("This bearer token is not valid, or has expired."))
    return proof


async def _session(request: Request, access: RouteAccess) -> Proof | None:
    identity = identity_of(request.app)
    digest = digest_of(request.cookies.get(identity.cookies.session))
    if digest is None:
        return None
    try:
        session = await identity.sessions.find(digest, active=_acts(request))
    except SessionsUnavailable:
        if access.kind == "public":  # what everybody may see does not wait for the portal
            return None
        raise SignInUnchecked from None
    if session is None:
        return None
    request.state.session, request.state.session_digest = session, digest
    return Proof(session.subject, session.begun.timestamp())


async def recognise(request: Request) -> None:
    """Tell the shell who reads the error page of an address without a route, whose guard would have done so."""
    if hasattr(request.state, "principal") or not request.cookies or is_api(request):
        return
    try:
        await _identified(request, _PUBLIC.access)
    except DATABASE_ERRORS:
        request.state.principal = None


_NOT_ANSWERED: tuple[type[Exception], ...] = (SessionsUnavailable, *DATABASE_ERRORS)


async def session_lasts(request: Request) -> bool:
    """Return whether the session that let a request in has not ended since; true for one without a session.

    It is true as well while that cannot be checked: this is for streams, which say no more than that something changed.
    """
    digest = getattr(request.state, "session_digest", None)
    if digest is None:
        return True
    try:
        return await identity_of(request.app).sessions.find(digest, active=False) is not None
    except _NOT_ANSWERED:
        return True


def _acts(request: Request) -> bool:
    """Return whether a person acts: opens a page or sends a form. An open page that follows changes does not count."""
    return request.method not in SAFE_METHODS or (
        request.method == "GET"
        and "text/html" in request.headers.get("accept", "")
        and not request.headers.get("hx-request")
        and not is_api(request)
        and request.headers.get("sec-fetch-mode", "navigate") == "navigate"
        and not request.url.path.startswith(SIGN_IN)
    )


__all__ = [
    "Guard",
    "RouteAccess",
    "Unguarded",
    "access_of",
    "allow",
    "every_route",
    "guard_of",
    "internal",
    "public",
    "recognise",
    "session_lasts",
    "signed_in",
    "ticket",
    "ticket_or_role",
]
