"""Find where an untyped document, such as `dict[str, Any]`, crosses the border of a module.

It crosses where a public function, method or field whose annotation names such a type is used by another module.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tests.architecture.writes import modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAPPINGS = frozenset({"dict", "Mapping", "MutableMapping"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class OpenName(NamedTuple):
    """A public name of a module whose type is open: `services.applications.fields`, `published`."""

    module: str
    name: str
    """With its class, if it belongs to one: `StoredEntry.to_store`."""

    @property
    def attribute(self) -> str:
        """The name without its class."""
        return self.name.rpartition(".")[2]


def _untyped(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=ast.Name(id=kind), slice=ast.Tuple(elts=[ast.Name(id=key), ast.Name(id="Any")])):
            return kind in _MAPPINGS and key in {"str", "Any"}
    return False


def _is_open(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(map(_untyped, ast.walk(annotation)))


def _annotations(function: _Function) -> Iterator[ast.expr | None]:
    arguments = function.args
    yield from (each.annotation for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
    yield function.returns


def _public(name: str) -> bool:
    return not name.startswith("_")


def open_names(module: str, tree: ast.Module) -> Iterator[OpenName]:
    """Yield the public names of a module whose type is open."""
    for node in tree.body:
        if isinstance(node, _Function):
            if _public(node.name) and any(map(_is_open, _annotations(node))):
                yield OpenName(module, node.name)
        elif isinstance(node, ast.ClassDef) and _public(node.name):
            for part in node.body:
                if isinstance(part, _Function):
                    name, found = part.name, any(map(_is_open, _annotations(part)))
                elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    name, found = part.target.id, _is_open(part.annotation)
                else:
                    continue
                if found and _public(name):
                    yield OpenName(module, f"{node.name}.{name}")


def _passed_on(trees: Mapping[str, ast.Module]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the names that modules import and so pass on: (package, name) -> (module, name) that it comes from."""
    return {
        (name, each.asname or each.name): (node.module, each.name)
        for name, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module != name
        for each in node.names
    }


def _uses(
    tree: ast.Module, passed_on: Mapping[tuple[str, str], tuple[str, str]]
) -> tuple[set[tuple[str, str]], set[str]]:
    """Return what a module uses of others: (module, name), and the names of all attributes and keywords.

    A name that a package passes on is that of the module in which it is defined.
    """
    imported: set[tuple[str, str]] = set()
    aliases: dict[str, str] = {}
    attributes: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                imported.add((node.module, each.name))
                aliases[each.asname or each.name] = f"{node.module}.{each.name}"
        elif isinstance(node, ast.keyword) and node.arg:
            attributes.add(node.arg)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            imported.add((aliases[node.value.id], node.attr))
    passed = list(imported)
    while passed:
        if (source := passed_on.get(passed.pop())) is not None:
            imported.add(source)
            passed.append(source)
    return imported, attributes


def _sources(tree: ast.Module, class_name: str) -> set[str]:
    """Return the names of a module from which others get an object of a class: itself, and what mentions it."""
    return {class_name} | {
        node.name
        for node in tree.body
        if isinstance(node, _Function | ast.ClassDef)
        and any(isinstance(each, ast.Name) and each.id == class_name for part in _signature(node) for each in part)
    }


def _signature(node: _Function | ast.ClassDef) -> Iterator[Iterator[ast.AST]]:
    parts = _annotations(node) if isinstance(node, _Function) else node.body
    return (ast.walk(part) for part in parts if part is not None)


def trees_of_project() -> dict[str, ast.Module]:
    """Return all modules of `services`, `shared` and `deploy` by name, parsed."""
    found = modules("services") | modules("shared") | modules("deploy")
    return {name: ast.parse(path.read_text("utf-8")) for name, path in found.items()}


def crossings(trees: Mapping[str, ast.Module]) -> dict[OpenName, list[str]]:
    """Return the open names that cross the border of their module, with the modules that use them.

    A function counts as used by each module that imports it. A method or field counts as used by each module that names
    an attribute or a keyword like it, and imports its class, or a function or class of the same module that has it.
    """
    passed_on = _passed_on(trees)
    uses = {name: _uses(tree, passed_on) for name, tree in trees.items()}
    found: dict[OpenName, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        for each in open_names(module, tree):
            owner = each.name.rpartition(".")[0]
            sources = _sources(tree, owner) if owner else {each.name}
            wanted = {(module, name) for name in sources}
            for user, (imported, attributes) in uses.items():
                if user != module and imported & wanted and (not owner or each.attribute in attributes):
                    found[each].append(user)
    return dict(found)
