"""Write problem documents (RFC 9457): their fields, and where in a request each error is.

An error in a JSON body has a JSON pointer (RFC 6901) to the field as the sender wrote it, an error in the address or a
header the name of the parameter; anything else, such as a row of a file, a name. Rules know their fields by name only:
`errors_of_rules` finds them in the request.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, get_args, get_origin

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from shared.i18n import gettext
from shared.identity import idempotency
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fastapi.dependencies.models import Dependant
    from fastapi.exceptions import RequestValidationError
    from pydantic_core import ErrorDetails
    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"
_HEADERS = frozenset({"If-Match", idempotency.HEADER})


class ProblemError(BaseModel):
    """One error of a request: what is wrong, and where."""

    model_config = ConfigDict(frozen=True)

    pointer: Annotated[
        str | None, Field(description="JSON pointer to a field of the body.", examples=["/entry/places"])
    ] = None
    parameter: Annotated[
        str | None, Field(description="Name of a parameter of the address or a header.", examples=["limit"])
    ] = None
    name: Annotated[str | None, Field(description="Name of what is wrong, if it is neither.", examples=["3.day"])] = (
        None
    )
    detail: Annotated[str, Field(description="What is wrong, for people.", examples=["This must be 1 or more"])]
    version: Annotated[
        str | None, Field(description="The present version of the record, if `pointer` leads to an older one or none.")
    ] = None


class Problem(BaseModel):
    """The reason why a request failed (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[str, Field(description="Address of the page that explains this kind of problem.")]
    code: Annotated[str, Field(description="Machine code: the last part of `type`.", examples=["invalid-input"])]
    title: Annotated[str, Field(description="The kind of problem in words.")]
    status: Annotated[int, Field(description="The HTTP status.", examples=[422])]
    detail: Annotated[str, Field(description="What is wrong with this request, for people.")]
    instance: Annotated[
        str,
        Field(
            description="The path of the request, with its ids and numbers. Other parts stay as the API describes them:"
            " they may be secret. Missing if nothing is under the path."
        ),
    ] = ""
    errors: Annotated[list[ProblemError], Field(description="What is wrong at single fields or parameters.")] = []
    reference: Annotated[
        str, Field(description="Number of the entry in our log, for enquiries.", examples=["3f0a9c21"])
    ] = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error at one place of a request; pages show `name`, documents do if it has no pointer and no parameter."""

    name: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    version: str | None = None

    def document(self) -> ProblemError:
        """Return it as part of a problem document."""
        placed = self.pointer is not None or self.parameter is not None
        name = None if placed else self.name
        return ProblemError(
            pointer=self.pointer, parameter=self.parameter, name=name, detail=self.detail, version=self.version
        )


def pointer(parts: Iterable[str | int]) -> str:
    """Return the JSON pointer of a place: `("places", 0)` is `/places/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def errors_of_validation(error: RequestValidationError) -> list[FieldError]:
    """Return the errors that FastAPI found in a request."""
    return [_of_validation(each, error.body) for each in error.errors()]


def _of_validation(error: ErrorDetails, body: object) -> FieldError:
    source, *parts = error["loc"]
    name = ".".join(str(part) for part in parts) or str(source)
    if error["type"] == "json_invalid":  # its place is a position in the text
        sentence = gettext("This is not valid JSON from character %(position)d on")
        return FieldError(str(source), sentence % {"position": int(parts[0]) + 1}, pointer="")
    detail = sentence_of(error)
    if source != "body":
        return FieldError(name, detail, parameter=name)
    return FieldError(name, detail, pointer=pointer(_sent(parts, body, missing=error["type"] == "missing")))


def _sent(parts: Sequence[str | int], body: object, *, missing: bool) -> list[str | int]:
    """Return the parts that lead through the body; pydantic also names types that it tried."""
    found: list[str | int] = []
    for place, part in enumerate(parts):
        below = _at(body, part)
        if below is not _NOTHING:
            body = below
        elif not (missing and place == len(parts) - 1):
            continue
        found.append(part)
    return found


_NOTHING = object()


def _at(body: object, part: str | int) -> object:
    """Return what an object or list has at `part`."""
    if isinstance(body, dict):
        return body.get(part, _NOTHING)
    if isinstance(body, list) and isinstance(part, int) and part < len(body):
        return body[part]
    return _NOTHING


async def errors_of_rules(request: Request, fields: Mapping[str, str]) -> list[FieldError]:
    """Return the errors that a rule found: field, such as `languages.0.level`, -> sentence.

    A header is a parameter. The first part of another name is looked for in the body that was sent, in the model of the
    route's body (the field may be missing), and among the parameters.
    """
    if not fields:
        return []
    route = request.scope.get("route")
    model, parameters = None, set[str]()
    if isinstance(route, APIRoute):
        model = route.body_field.field_info.annotation if route.body_field else None
        parameters = set(_parameters(route.dependant))
    body = await _json(request)
    return [_of_rule(name, detail, model, parameters, body) for name, detail in fields.items()]


def _of_rule(name: str, detail: str, model: object, parameters: set[str], body: object) -> FieldError:
    if name in _HEADERS:
        return FieldError(name, detail, parameter=name)
    first, *rest = name.split(".")
    for field in (first, f"{first}_id"):  # forms and rules say `deputy` where the API says `deputy_id`
        above = _in_body(body, field)
        if above is not None:
            return FieldError(name, detail, pointer=pointer([*above, field, *rest]))
    above = None if body is None else _in_model(model, first)
    if above is not None:
        return FieldError(name, detail, pointer=pointer([*above, first, *rest]))
    return FieldError(name, detail, parameter=first if first in parameters else None)


def _in_model(model: object, name: str) -> list[str] | None:
    """Return where a model or one nested in it has the field `name`, the uppermost first; None if nowhere.

    An object with any fields may have it if no model does.
    """
    free = None
    for above, each in _nested(model):
        for field, info in each.model_fields.items():
            if name in {field, info.alias}:
                return above
            if free is None and any(get_origin(kind) is dict for kind in _kinds(info.annotation)):
                free = [*above, info.alias or field]
    return free


def _nested(model: object) -> Iterator[tuple[list[str], type[BaseModel]]]:
    """Return a model and those nested in its fields, with the names that lead to each; level by level."""
    waiting: deque[tuple[list[str], object]] = deque([([], model)])
    known: set[object] = set()
    while waiting:
        above, annotation = waiting.popleft()
        for kind in _kinds(annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in known:
                known.add(kind)
                yield above, kind
                waiting += [([*above, info.alias or name], info.annotation) for name, info in kind.model_fields.items()]


def _kinds(annotation: object) -> Iterator[object]:
    """Return the types of which a value may be; lists are not looked into: their items have no names."""
    origin = get_origin(annotation)
    if origin in {list, dict, tuple, set, frozenset} or not get_args(annotation):
        yield annotation
    else:
        for each in get_args(annotation):
            yield from _kinds(each)


def _parameters(dependant: Dependant) -> Iterator[str]:
    for each in (*dependant.path_params, *dependant.query_params, *dependant.header_params, *dependant.cookie_params):
        yield each.alias
    for below in dependant.dependencies:
        yield from _parameters(below)


def _in_body(body: object, name: str) -> list[str] | None:
    """Return where the body that was sent, or an object in it, has `name`, the uppermost first; None if nowhere."""
    waiting: deque[tuple[list[str], object]] = deque([([], body)])
    while waiting:
        above, value = waiting.popleft()
        if isinstance(value, dict):
            if name in value:
                return above
            waiting += [([*above, key], below) for key, below in value.items()]
    return None


async def _json(request: Request) -> object:
    """Return the JSON body of a request; None if it has none."""
    if "json" not in request.headers.get("content-type", ""):
        return None
    try:
        return await request.json()
    except ValueError:
        return None
