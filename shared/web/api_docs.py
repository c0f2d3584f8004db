"""Serve a page that describes a service's JSON API, made from its OpenAPI document."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the endpoint's annotation at run time

from shared.contracts import labels
from shared.i18n import gettext
from shared.identity.guard import every_route, public
from shared.web.openapi import document
from shared.web.render import render

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import HTMLResponse


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the JSON API."""

    method: str
    path: str
    summary: str
    details: str
    who: str
    body: tuple[str, ...]


def operations(app: FastAPI) -> list[Operation]:
    """Return the operations of the app's JSON API, by path and method, with whom each lets in."""
    described = document(app)
    schemas: dict[str, Any] = described.get("components", {}).get("schemas", {})
    found = []
    for route, access in every_route(app):
        for method in sorted(route.methods or ()):
            operation = described["paths"].get(route.path, {}).get(method.lower())
            if operation is None or "/api/" not in f"{route.path}/":
                continue
            found.append(
                Operation(
                    method,
                    route.path or "",
                    operation.get("summary", ""),
                    operation.get("description", ""),
                    _who(access.kind, sorted(access.roles)),
                    _body(operation, schemas),
                )
            )
    return found


def _who(kind: str, roles: list[Any]) -> str:
    if kind == "public":
        return gettext("everybody")
    if kind == "signed_in":
        return gettext("everybody who is signed in")
    named = ", ".join(labels.role(role) for role in roles)
    if kind != "ticket":
        return named
    ticket = gettext("whoever holds the portal's ticket for this case")
    return f"{ticket}, {named}" if named else ticket


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that a request takes; optional ones in brackets."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = schemas.get(schema["$ref"].rsplit("/", 1)[-1], {})
    needed = set(schema.get("required", ()))
    return tuple(name if name in needed else f"[{name}]" for name in schema.get("properties", {}))


def api_page(service: str) -> APIRouter:
    """Return the router of the page `/<service>/api`."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"/{service}/api", dependencies=[Depends(public())])
    async def api(request: Request) -> HTMLResponse:
        return render(request, "api.html", service=service, operations=await asyncio.to_thread(operations, request.app))

    return router
