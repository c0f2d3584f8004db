"""Extreme values in the path and the query of every GET route are refused with the field named, and break nothing.

The test finds the routes and their parameters itself. A value that the declared type of a parameter does not take gets
422 with the parameter's name; one of a parameter without such a type is either looked for (`FREE`) or refused too.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel, ValidationError

from shared.contracts.codes import Role
from shared.identity import Grant, every_route, write_access
from shared.identity.confirmations import WORD
from shared.identity.refusals import SIGN_IN
from shared.time import clock
from tests.integration.test_routes_by_role import ANYBODY, SERVICE_TOKEN, SERVICES, example, own_headers, response_to
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI
    from fastapi.dependencies.models import Dependant
    from pydantic.fields import FieldInfo

    from tests.conftest import Databases

EXTREME = ("9223372036854775807", "-2147483649", "9999-12-31", "x", ANYBODY * 20)
INVISIBLE = ("%00", "%ED%A0%80")
"""A NUL, and half of a surrogate pair."""
FREE = frozenset(
    {"q", "search", "reference", "case", "who", "what", "number", "key", "token", "back", "act", "topic_code"}
    | {"area", "event", "rule", "call", "name", "show", "done", "whom"}
)
"""Parameters whose values are looked for as they are, or only say what was just done."""


@pytest.fixture(params=SERVICES)
def migrated(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[tuple[str, str]]:
    """Return a service, and the address of a database with its tables."""
    service: str = request.param
    address = postgres.new(postgres.of_service(service))
    yield service, address
    postgres.drop(address)


@pytest.fixture
async def app(migrated: tuple[str, str]) -> AsyncIterator[FastAPI]:
    """Run one of the services on its own tables, with one person for each role."""
    service, address = migrated
    settings = importlib.import_module(f"services.{service}.settings").Settings
    made: FastAPI = importlib.import_module(f"services.{service}.app").create_app(
        settings(**settings_for(address, service_token=SERVICE_TOKEN)), background=False
    )
    async with made.state.service.bus.transaction("system:tests") as tx:
        everybody = {role.value: ([Grant(role, clock.today(), "AM", ANYBODY)], clock.now()) for role in Role}
        await write_access(tx.session, everybody)
    yield made
    await made.state.service.bus.close()


def parameters(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    """Return the query parameters of a route, those of its dependencies included."""
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from ((field.alias or name, InModel(model, name)) for name, field in model.model_fields.items())
        else:
            yield parameter.alias, parameter
    for below in dependant.dependencies:
        yield from parameters(below)


def routes(app: FastAPI) -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Return each GET route with the headers of somebody who may use it, as far as a session or token admits."""
    people = {role: own_headers(app, role) for role in Role}
    for route, access in every_route(app):
        if "GET" not in (route.methods or ()) or str(route.path).endswith("/live"):  # a stream does not end
            continue
        if access.kind == "internal":
            yield str(route.path), route, {"X-Service-Token": SERVICE_TOKEN, "X-Service": "tests"}
        role = next((role for role in (Role.PROGRAMME_COORDINATOR, *Role) if access.admits(role)), None)
        if role is not None or access.kind == "public":
            yield str(route.path), route, people[role or Role.OFFICER]


def names(answer: Any, name: str) -> bool:
    """Return whether an answer names a field, as the API or as a page writes it."""
    return name in answer.text or name.replace("_", " ").lower() in answer.text.lower()


@dataclass(frozen=True)
class InModel:
    """A parameter that is a field of a model of several."""

    model: type[BaseModel]
    name: str

    @property
    def field_info(self) -> FieldInfo:
        """The field, as a parameter that is declared alone has it."""
        return self.model.model_fields[self.name]

    def takes(self, value: str) -> bool:
        """Return whether the model takes a value of the field."""
        try:
            self.model.model_validate({self.field_info.alias or self.name: value})
        except ValidationError as error:
            names = {self.field_info.alias or self.name}
            return not any(names.intersection(map(str, problem["loc"])) for problem in error.errors())
        return True


def takes(parameter: Any, value: str) -> bool:
    """Return whether the declared type of a parameter takes a value."""
    if isinstance(parameter, InModel):
        return parameter.takes(value)
    _, errors = parameter.validate([value] if "list" in str(parameter.field_info.annotation) else value, {}, loc=())
    return not errors


async def test_extreme_values_in_the_query_are_refused(app: FastAPI) -> None:
    """No answer is 5xx; what a parameter cannot be gets 422 with its name, on pages and in the API.

    Words that confirm what was done are dropped where nobody signed them: the browser is sent to the clean address.
    """
    wrong = []
    for path, route, headers in routes(app):
        address, _ = example(path)
        found = dict(parameters(route.dependant))
        for value in EXTREME:
            refused_at_once = await refused_together(app, address, value, found, headers)
            for name, parameter in found.items():
                if name in refused_at_once:
                    continue
                answer = await response_to(app, "GET", f"{address}?{name}={quote(value)}", **headers)
                refused = answer.status_code == 422 and names(answer, name)
                refused |= name.startswith(WORD) and answer.headers.get("location", "").partition("?")[0] == address
                away = answer.status_code == 503 and path == SIGN_IN  # no provider of sign-ins runs here
                if (answer.status_code >= 500 and not away) or not (refused or takes(parameter, value)):
                    wrong.append(f"{path}?{name}={value[:40]}: {answer.status_code}")
                elif value == "x" and answer.status_code == 200 and name not in FREE:
                    annotation = str(parameter.field_info.annotation)
                    if "str" in annotation:
                        wrong.append(f"{path}?{name}={value[:40]}: {answer.status_code}, ignored")
    assert wrong == [], "\n".join(wrong)


async def refused_together(
    app: FastAPI, address: str, value: str, found: dict[str, Any], headers: dict[str, str]
) -> set[str]:
    """Return the parameters that are refused, each with an error of its own, in one request with this value for each.

    Only those that cannot be this value are sent: the others would be dealt with after all errors were found.
    """
    together = [name for name, parameter in found.items() if not takes(parameter, value)]
    if len(together) < 2:
        return set()
    query = "&".join(f"{name}={quote(value)}" for name in together)
    answer = await response_to(app, "GET", f"{address}?{query}", **headers)
    if answer.status_code != 422:
        return set()
    if "json" in answer.headers["content-type"]:
        fields = {str(each) for error in answer.json().get("errors", ()) for each in error.values()}
        return {name for name in together if name in fields}
    fields = {label.lower() for label in re.findall(r"<li><strong>([^<]+)</strong>:", answer.text)}
    return {name for name in together if name.replace("_", " ").lower() in fields}


async def test_invisible_characters_are_refused(app: FastAPI) -> None:
    """A NUL or half of a surrogate pair gets 422 in each parameter and in the path."""
    wrong = []
    for path, route, headers in routes(app):
        address, values = example(path)
        for value in INVISIBLE:
            addresses = [f"{address}?{name}={value}" for name in dict(parameters(route.dependant))]
            addresses += [address.replace(ANYBODY, value, 1)] if ANYBODY in values.values() else []
            for place in addresses:
                answer = await response_to(app, "GET", place, **headers)
                if answer.status_code != 422:
                    wrong.append(f"{place}: {answer.status_code}")
    assert wrong == [], "\n".join(wrong)


async def test_extreme_values_in_the_path_are_refused(app: FastAPI) -> None:
    """No answer is 5xx: it is 422 with the field named, or 404 where nothing has that name."""
    wrong = []
    for path, _, headers in routes(app):
        address, values = example(path)
        if ANYBODY not in values.values():
            continue
        for value in EXTREME:
            answer = await response_to(app, "GET", address.replace(ANYBODY, quote(value)), **headers)
            named = answer.status_code == 422 and any(names(answer, name) for name in values)
            if not (named or answer.status_code in {303, 307, 404, 410} or answer.status_code in {401, 403}):
                wrong.append(f"{path} with {value[:40]}: {answer.status_code}")
    assert wrong == [], "\n".join(wrong)
