"""List what the OpenAPI documents do not say yet: answers without a schema, free objects, names nobody can read.

Known gaps stand in `openapi_gaps.txt`, a list that only shrinks: a line whose gap is gone is an error until
`python -m tests.contracts.openapi_gaps` has taken it out. The command never adds a line.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.cli.contracts import FOLDER
from deploy.cli.system import SERVICES
from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = Path(__file__).with_name("openapi_gaps.txt")
_HEAD = "# What the OpenAPI documents do not say yet. The list only shrinks: python -m tests.contracts.openapi_gaps\n"
_NAME = re.compile(r"^[A-Z][A-Za-z0-9]+$")
_SAYS_SOMETHING = ("$ref", "anyOf", "oneOf", "allOf", "enum", "const", "properties", "prefixItems")


def committed(service: str) -> dict[str, Any]:
    """Return the committed document of a service."""
    document: dict[str, Any] = json.loads((ROOT / FOLDER / f"openapi-{service}.json").read_text("utf-8"))
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return method, path and operation of everything that a document describes."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def good_answers(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the media types of the answers 2xx of an operation, with what is said about each."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from answer.get("content", {}).items()


def is_free(schema: dict[str, Any]) -> bool:
    """Return whether a schema, or what it is a list or table of, takes anything."""
    if any(word in schema for word in _SAYS_SOMETHING):
        return any(is_free(choice) for word in ("anyOf", "oneOf") for choice in schema.get(word, ()))
    kind = schema.get("type")
    if kind == "array":
        return is_free(schema.get("items", {}))
    if kind == "object":
        values = schema.get("additionalProperties", True)
        return values is True or (isinstance(values, dict) and is_free(values))
    return kind is None


def gaps(service: str, document: dict[str, Any]) -> Iterator[str]:
    """Return the lines for all gaps of a service's document."""
    for _, _, operation in operations(document):
        name = f"{service} {operation['operationId']}"
        for media_type, media in good_answers(operation):
            if is_free(media.get("schema", {})):
                yield f"{name}: its {media_type} answer has no schema"
            elif media["schema"].get("type") == "array":
                yield f"{name}: its answer is a bare list"
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if is_free(media.get("schema", {})):
                yield f"{name}: its body is a free object"
    for name, schema in document["components"]["schemas"].items():
        if not _NAME.match(name):
            yield f"{service} schema {name}: not a readable name: two models are called so, give one another name"
        for field, described in schema.get("properties", {}).items():
            if is_free(described):
                yield f"{service} schema {name}: {field} is a free object"


def found() -> set[str]:
    """Return all gaps of the committed documents."""
    return {line for service in SERVICES for line in gaps(service, committed(service))}


def listed() -> list[str]:
    """Return the lines of the list."""
    return [line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def main() -> None:
    """Take the lines out of the list whose gap is gone."""
    kept = sorted(set(listed()) & found())
    LIST.write_text(_HEAD + "".join(f"{line}\n" for line in kept), "utf-8")
    print(f"{len(kept)} gaps")


if __name__ == "__main__":
    main()
