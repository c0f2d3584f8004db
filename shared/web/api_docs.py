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
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI
    from starlette.responses import HTMLResponse

    from shared.web.openapi import parts


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer of an operation: its status, what it holds, and the names of the fields of that."""

    status: str
    holds: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the JSON API."""

    method: str
    path: str
    summary: str
    details: str
    who: str
    body: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    problems: tuple[str, ...] = ()


def operations(app: FastAPI) -> list[Operation]:
    """Return the operations of the app's JSON API, by path and method, with whom each lets in."""
    described = document(app)
    schemas: dict[str, Any] = described.get("components", {}).get("schemas", {})
    found = []
    for route, access in every_route(app):
        for method in sorted(route.methods or ()):
            operation = described["paths"].get(str(route.path_format), {}).get(method.lower())
            if operation is None or "/api/" not in f"{route.path_format}/":
                continue
            found.append(
                Operation(
                    method,
                    str(route.path_format),
                    operation.get("summary", ""),
                    operation.get("description", ""),
                    _who(access.kind, sorted(access.roles)),
                    _body(operation, schemas),
                    tuple(answers_of(operation, schemas)),
                    tuple(sorted(status for status, answer in operation["responses"].items() if "$ref" in answer)),
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
    ticket = gettext("the holder of the portal's ticket for this case")
    return f"{ticket}, {named}" if named else ticket


def _body(operation: parts.Operation, schemas: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that a request takes; optional ones in brackets."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = schemas.get(_name(content.get("schema", {})), content.get("schema", {}))
    needed = set(schema.get("required", ()))
    return tuple(name if name in needed else f"[{name}]" for name in schema.get("properties", {}))


def answers_of(operation: parts.Operation, schemas: dict[str, Any]) -> Iterator[Answer]:
    """Return the good answers: a model with its fields, a list with those of its items, or a file."""
    for status, answer in sorted(operation["responses"].items()):
        if "$ref" in answer:
            continue
        if not answer.get("content"):
            yield Answer(status, answer["description"])
        for media, content in answer.get("content", {}).items():
            name = _name(content.get("schema", {}))
            holds = schemas.get(name, {}).get("properties", {})
            item = _name(holds.get("items", {}).get("items", {}))
            yield Answer(status, name or media, tuple(holds))
            if item in schemas:
                yield Answer("", item, tuple(schemas[item].get("properties", ())))


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]


def problems(app: FastAPI) -> dict[str, str]:
    """Return when an operation answers each status of a problem."""
    shared = document(app)["components"]["responses"]
    used = {
        (status, answer["$ref"].rsplit("/", 1)[-1])
        for path in document(app)["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }
    return {status: shared[name]["description"] for status, name in sorted(used)}


def api_page(service: str) -> APIRouter:
    """Return the router of the page `/<service>/api`."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"/{service}/api", dependencies=[Depends(public())])
    async def api(request: Request) -> HTMLResponse:
        found = await asyncio.to_thread(operations, request.app)
        return render(request, "api.html", service=service, operations=found, problems=problems(request.app))

    return router
