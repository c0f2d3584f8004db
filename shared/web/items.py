"""Name records in a body with the versions that were read, and list records with their versions.

A list answers each record with its `version`, the text of its ETag. A body that decides on several records, or names
one beside the address, sends it back beside the `id`. Without it the answer is 428 with a pointer to the record, unless
nothing would be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import ProblemCode
from shared.identity.versions import item_versions, versions_in_body
from shared.web.problem_documents import pointer
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi.routing import RouteContext
    from pydantic.config import JsonDict
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.requests import Request

    from shared.bus.db.records import Changes, ReadVersions

_LONGEST = 200
OF_RECORD = "The version of the record as you read it: `version` in the list, or its ETag."
_EXAMPLE = "application.4c1f0b2e.9b1f3d0c7a5e2f4b8d6c1a07"

RecordVersion = Annotated[
    str,
    Field(
        max_length=_LONGEST,
        description=OF_RECORD,
        examples=[_EXAMPLE],
    ),
]
"""The version of a record that a body names. It is needed, but one without it is answered 428, not 422.

For an entry that is new it is left out."""
ListedVersion = Annotated[
    str, Field(description="The version of the record, to be sent with a change.", examples=[_EXAMPLE])
]


def needed(schema: JsonDict) -> None:
    """Have the schema of a body say that its `version` is needed."""
    body: dict[str, Any] = schema
    body["properties"]["version"].pop("default", None)
    body["required"] = [*body.get("required", ()), "version"]


class ReadItem(BaseModel):
    """A record that is decided on, and the version in which it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=needed)

    id: UUID
    version: RecordVersion = ""


class NotDone(ReadModel):
    """A record that was left as it is."""

    id: UUID
    detail: Annotated[
        str, Field(description="What is true now, or why it is not possible.", examples=["It was endorsed already."])
    ]
    code: Annotated[
        str, Field(description="The code of the problem, as in a problem document.", examples=["wrong-state"])
    ]
    version: Annotated[
        str | None,
        Field(description="The present version, if it has changed since you read it.", examples=[_EXAMPLE]),
    ]


class BulkResult(ReadModel):
    """The result of one request: the records that it has decided on, and those that it has left as they are."""

    done: list[UUID]
    left: list[NotDone]


def not_done(id_: UUID, detail: str, code: ProblemCode, changes: Changes) -> NotDone:
    """Return a record that was left; what has changed since it was read is outdated, whatever its state allows."""
    version = None if id_ in changes.unnamed else changes.present.get(id_)
    outdated = version is not None and code.status == ProblemCode.WRONG_STATE.status
    present = changes.sentences.get(id_, "") if version is not None else ""
    said = detail if present in detail else f"{detail} {present}"
    return NotDone(id=id_, detail=said, code=ProblemCode.OUTDATED if outdated else code, version=version)


def read_items(request: Request, parameter: str, name: str, items: Sequence[ReadItem]) -> ReadVersions:
    """Return the versions in which the sender of a body read the records in its list `name`.

    `parameter` is the name under which an address names one of them.
    """
    places = {each.id: pointer([name, number, "version"]) for number, each in enumerate(items)}
    return versions_in_body(request, parameter, {each.id: each.version for each in items}, places)


def takes_versions(route: RouteContext | APIRoute) -> bool:
    """Return whether the body of a route names versions of records."""
    original = getattr(route, "original_route", route)
    return (
        isinstance(original, APIRoute)
        and original.body_field is not None
        and _names_versions(original.body_field.field_info.annotation, set())
    )


def _names_versions(annotation: object, known: set[object]) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in known:
        known.add(annotation)
        fields = annotation.model_fields.values()
        return any(each.description == OF_RECORD or _names_versions(each.annotation, known) for each in fields)
    return any(_names_versions(each, known) for each in get_args(annotation))


M = TypeVar("M", bound=ReadModel)
L = TypeVar("L", bound=ReadModel)


async def with_versions(
    request: Request, session: AsyncSession, parameter: str, page: Page[M], listed: type[L]
) -> Page[L]:
    """Return a page of a list with the versions of its records; `listed` is the model with `version`.

    The session is a snapshot, so that versions and contents belong together.
    """
    found = [dict(each) for each in page.items]
    versions = await item_versions(request, session, parameter, [each["id"] for each in found])
    items = [listed.model_validate({**each, "version": versions[each["id"]]}) for each in found]
    return Page[listed](items=items, next=page.next)  # type: ignore[valid-type]  # known when the route is called
