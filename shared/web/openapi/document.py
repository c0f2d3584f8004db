"""Make the OpenAPI 3.1 document of a service from its routes.

FastAPI describes parameters, bodies and answers. What it cannot know is added here: ids of operations that clients can
rely on, the problems that an operation can answer and who may call it (both from its guard), and examples.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from fastapi.openapi.utils import get_openapi

from shared.identity.guard import every_route
from shared.identity.session import CookieJar
from shared.identity.state import service_of
from shared.web.items import takes_versions
from shared.web.openapi import problem_answers, record_versions, request_keys, security
from shared.web.openapi.examples import example
from shared.web.openapi.operation_ids import operation_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from fastapi.routing import RouteContext
    from pydantic import JsonValue

    from shared.identity.guard import RouteAccess
    from shared.identity.versions import Records
    from shared.web.openapi.parts import Document, Operation, Schema

_REPLACED = ("HTTPValidationError", "ValidationError")
_JSON = "application/json"
_GENERAL = """
Times are ISO 8601 with an offset, days `YYYY-MM-DD`, countries ISO 3166-1 alpha-2, languages ISO 639-1. A list answers
`items` and `next`: send `next` back as `cursor` to read on. Errors are `application/problem+json` (RFC 9457):
`code` and `type` name the kind, `type` leads to a page that explains it, and texts follow `Accept-Language`. Where
`GET` is allowed, `HEAD` is too. What can be changed has an `ETag`; each change sends the one that was read in
`If-Match`, or in the body beside the id of a record that the body names: without it the answer is 428, and 412 if the
record was changed since. What is decided on several records is answered for each: `left` names those that were changed
since, with the present version. A writing request may have an
`Idempotency-Key`: sent again with it, it is answered as the first time and does nothing more. `RateLimit` says how many
requests are left; beyond the limit the answer is 429 with `Retry-After`.
"""


@dataclass(frozen=True, slots=True)
class ApiText:
    """The description of a service's API: one sentence, one for each tag, and security schemes of its own."""

    summary: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    schemes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def document(app: FastAPI) -> Document:
    """Return the OpenAPI 3.1 document of the app's JSON API, made once."""
    described: Document | None = getattr(app.state, "api_document", None)
    if described is None:
        described = app.state.api_document = _document(app)
    return described


def _document(app: FastAPI) -> Document:
    text: ApiText = app.state.api_text
    described = get_openapi(
        title=app.title,
        version=app.version,
        summary=text.summary or None,
        description=_GENERAL.strip().replace("\n", " "),
        routes=app.routes,
        servers=[{"url": "/", "description": "The installation that serves this document."}],
    )
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    renamed: dict[str, str] = {}
    records: Records = app.state.records
    for route, access in every_route(app):
        for method in route.methods or ():
            operation = described["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                record_versions.add(operation, method, str(route.path_format), records)
                request_keys.add(operation, method, access)
                _complete(operation, method, route, access, renamed)
    for path in described["paths"].values():
        path.pop("head", None)
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas |= problem_answers.schemas()
    described = dict(_without_titles(_with_names(described, renamed | _readable(schemas))))
    _add_examples(described)
    settings = service_of(app).settings
    described["components"] |= {
        "responses": problem_answers.responses(),
        "securitySchemes": security.schemes(settings.oidc_issuer, CookieJar(settings.origin).session)
        | dict(text.schemes),
    }
    used = {tag for path in described["paths"].values() for operation in path.values() for tag in operation["tags"]}
    described["tags"] = [{"name": name, "description": text.tags.get(name, "")} for name in sorted(used)]
    return cast("Document", described)  # FastAPI's own type is any dictionary


def _complete(
    operation: Operation, method: str, route: RouteContext, access: RouteAccess, renamed: dict[str, str]
) -> None:
    """Add to an operation its id, summary, problems and security; note the new name of a schema made for its body."""
    made_id = route.operation_id or operation_id(method, str(route.path_format))
    renamed[f"Body_{operation['operationId']}"] = "".join(word.title() for word in made_id.split("_")) + "Form"
    operation["operationId"] = made_id
    _describe(operation, route)
    _simplify_body(operation)
    responses = operation["responses"]
    if "HTTPValidationError" in json.dumps(responses.get("422", {})):
        del responses["422"]
    problems = problem_answers.problem_answers(access, method, operation, in_body=takes_versions(route))
    for status, answer in problems.items():
        if "content" not in responses.get(status, {}):
            responses[status] = answer
    operation["security"] = [*operation.get("security", ()), *security.requirements(access, method)]


def _simplify_body(operation: Operation) -> None:
    """Describe a body that may be left out by its own schema, not as "this or null", which generated clients send."""
    media = operation.get("requestBody", {}).get("content", {}).get(_JSON, {})
    schema: Mapping[str, Any] = media.get("schema", {})
    choices = schema.get("anyOf", ())
    others = [choice for choice in choices if choice.get("type") != "null"]
    if len(others) == 1 and not operation["requestBody"].get("required"):
        media["schema"] = others[0]


def _describe(operation: Operation, route: RouteContext) -> None:
    """Make the first sentence of the description the summary, unless the route has one."""
    words = operation.get("description", "")
    if route.summary is None and words:
        first = re.split(r"(?<=[.;:])\s", words, maxsplit=1)
        operation["summary"] = first[0].rstrip(".;:").replace("\n", " ")
        if len(first) == 1:
            del operation["description"]


def _readable(schemas: dict[str, Any]) -> dict[str, str]:
    """Return better names: of the two forms of a model that is read in one shape and written in another, of lists."""
    names = {name: name.removesuffix("-Output") for name in schemas if name.endswith("-Output")}
    names |= {name: name.replace("-Input", "Input") for name in schemas if name.endswith("-Input")}
    titles = Counter(schema.get("title") for schema in schemas.values())
    for name, schema in schemas.items():
        title = schema.get("title", "")
        if name.startswith("Page_") and titles[title] == 1 and title not in schemas:
            names[name] = title
    return names


def _with_names(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the document with other names of schemas, wherever they stand."""
    prefix = "#/components/schemas/"
    schemas = document["components"]["schemas"]
    changed = {f"{prefix}{old}": f"{prefix}{new}" for old, new in names.items()}

    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: walk(value) for key, value in part.items()}
        if isinstance(part, list):
            return [walk(item) for item in part]
        return changed.get(part, part) if isinstance(part, str) else part

    document = walk(document)
    document["components"]["schemas"] = {names.get(name, name): walk(schema) for name, schema in schemas.items()}
    return dict(sorted(document.items(), key=lambda entry: _ORDER.index(entry[0])))


def _without_titles(part: Any) -> Any:
    """Return the document without the titles that pydantic makes of names: clients would take them for other names."""
    if isinstance(part, list):
        return [_without_titles(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        name: value if name in _VALUES else _without_titles(value)
        for name, value in part.items()
        if name != "title" or not isinstance(value, str)
    }


_VALUES = ("info", "default", "example", "examples")
"""Parts of the document that are no schemas: a `title` in them is meant."""

_ORDER = ("openapi", "info", "servers", "tags", "paths", "components")


def _add_examples(document: dict[str, Any]) -> None:
    """Give every body and every good answer in JSON an example, unless the route has one."""
    schemas = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [
                answer.get("content", {}) for status, answer in operation["responses"].items() if status.startswith("2")
            ]
            for content in contents:
                media = content.get(_JSON)
                if media and media.get("schema") and not media.keys() & {"example", "examples"}:
                    media["example"] = example(media["schema"], schemas)


_HEADERS = {
    "Cache-Control": "How long the file may be kept, and by whom.",
    "Content-Disposition": "The name under which the file is saved.",
    "Content-Location": "The address at which these bytes stay.",
    "ETag": "The digest of the file, for `If-None-Match`.",
    "Last-Modified": "When the file was published.",
    "Link": "What belongs to the file (RFC 8288), such as its description or its latest version.",
    "Location": "The address at which to ask how far it is.",
    "Repr-Digest": "The SHA-256 of the file (RFC 9530).",
}


def described_headers(*names: str) -> dict[str, JsonValue]:
    """Return the description of headers of an answer."""
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}


def file_answers(*media_types: str, headers: Sequence[str] = ()) -> dict[int | str, dict[str, JsonValue]]:
    """Return the `responses` of a route that answers a file of one of these media types, with these headers and a name.

    The route needs `response_class=Response` besides.
    """
    described = described_headers("Content-Disposition", *headers)
    content: JsonValue = {each: {"schema": _schema(each)} for each in media_types}
    return {200: {"description": "The file.", "headers": described, "content": content}}


def _schema(media_type: str) -> Schema:
    if media_type.endswith("json"):
        return {"type": "object", "properties": {}, "description": "The file's own documentation says what is in it."}
    is_text = media_type.startswith("text/") or media_type.endswith("xml")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}
