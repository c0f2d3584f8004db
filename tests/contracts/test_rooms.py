"""Check what rooms may do with each other's tables."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module

import grimp
from pydantic import BaseModel

from tests.architecture.open_types import OpenTypes, crossings, open_names, trees_of_project
from tests.architecture.writes import ROOT, foreign_writes, modules, writing

KNOWN: set[tuple[str, str]] = set()
"""Writes across rooms that are left; the list only shrinks."""


def test_a_room_writes_its_own_tables_only() -> None:
    """Nothing calls a function that writes in another room's store, but for the known exceptions."""
    found = {(user, f"{store.split('.', 2)[2]}.{function}") for user, store, function in foreign_writes()}
    assert found - KNOWN == set(), "call an action of the room instead"
    assert KNOWN - found == set(), "gone: take it out of the list"


def test_a_function_that_writes_is_recognised() -> None:
    """Inserts, deletes and functions that call such functions count as writing; a query does not."""
    names = writing(ROOT / "services/applications/register/store/entries.py")
    assert "put" in names
    assert "person" not in names


def test_no_module_imports_itself_through_others() -> None:
    """The imports of services, shared and deploy, those inside functions and for types included, form no circle."""
    graph = grimp.build_graph("services", "shared", "deploy", cache_dir=None)
    left = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    while done := [module for module, imported in left.items() if not imported & left.keys()]:
        for module in done:
            del left[module]
    assert sorted(left) == []


def test_no_untyped_document_crosses_a_module() -> None:
    """No module uses a public name of another whose type is `dict[str, Any]`: in the services, shared and deploy."""
    found = {f"{name.module}: {name.name}": users for name, users in crossings(trees_of_project()).items()}
    assert found == {}, "give it a type (open_types.py)"


_SAMPLE = """
def given(values: Mapping[str, Any]) -> None: ...
async def returned() -> list[dict[str, Any]] | None: ...
def _private() -> dict[str, Any]: ...
def typed(values: Mapping[str, object], names: dict[UUID, Any]) -> dict[str, JsonValue]: ...
class Row:
    document: dict[str, Any] = Field()
    _own: dict[str, Any]
    name: str
    def method(self, *, more: dict[str, Any]) -> None: ...
class _Hidden:
    document: dict[str, Any]
class Table(dict[str, Any]): ...
CONSTANT: Mapping[str, Any] = {}
Alias = dict[str, Any]
Other: TypeAlias = list[Alias]
_Own = Alias | None
def by_alias(document: Other) -> None: ...
def by_private_alias() -> _Own: ...
def quoted() -> "list[_Own]": ...
def qualified() -> t.Mapping[str, t.Any]: ...
Typed = dict[str, JsonValue]
def by_typed_alias(document: Typed) -> None: ...
"""


def test_an_untyped_document_is_recognised() -> None:
    """Parameters, results, fields, methods, constants and aliases count if public; other mappings do not."""
    tree = ast.parse(_SAMPLE)
    names = {name.name for name in open_names("services.a.b", tree, OpenTypes({"services.a.b": tree}))}
    assert names == {"given", "returned", "Row.document", "Row.method", "Table", "CONSTANT", "Alias", "Other"} | {
        "by_alias",
        "by_private_alias",
        "quoted",
        "qualified",
    }


def test_an_alias_is_recognised_in_other_modules() -> None:
    """An alias counts by its own name, by a new one, of its module and through a package; an equal name does not."""
    sources = {
        "shared.a": "Document = dict[str, Any]",
        "shared": "from shared.a import Document as Anything",
        "services.b": "from shared import Anything\ndef passed(document: Anything) -> None: ...",
        "services.c": "from shared import a\ndef of_module(document: a.Document) -> None: ...",
        "services.d": "Document = dict[str, int]\ndef typed(document: Document) -> None: ...",
        "services.e": "from services.b import passed\nfrom services.c import of_module\nfrom services.d import typed",
    }
    found = {each.name: users for each, users in crossings(sources_parsed(sources)).items()}
    assert found == {
        "Document": ["shared", "services.b", "services.c"],
        "passed": ["services.e"],
        "of_module": ["services.e"],
    }


def sources_parsed(sources: dict[str, str]) -> dict[str, ast.Module]:
    """Return modules by name, parsed."""
    return {name: ast.parse(source) for name, source in sources.items()}


def test_an_untyped_document_crosses_through_a_package_too() -> None:
    """A use counts by the module that defines the name, also where a package passes it on; an own use does not."""
    sources = {
        "services.a.model.b": "def given(values: dict[str, Any]) -> None: ...\ngiven({})",
        "services.a.model": "from services.a.model.b import given",
        "services.c": "from services.a.model import given",
        "services.d": "from services.a import model\nmodel.given({})",
    }
    found = crossings(sources_parsed(sources))
    assert {(each.module, each.name): users for each, users in found.items()} == {
        ("services.a.model.b", "given"): ["services.a.model", "services.c", "services.d"]
    }


def test_every_model_knows_the_types_of_its_fields() -> None:
    """No model or table has a type that is imported for type checkers only, which would fail with the first row."""
    incomplete = [
        f"{module}.{name}"
        for module in modules()
        if not module.endswith("__main__")
        for name, found in inspect.getmembers(import_module(module), inspect.isclass)
        if found.__module__ == module and issubclass(found, BaseModel) and not found.__pydantic_complete__
    ]
    assert incomplete == []
