"""Find where an untyped document, such as `dict[str, Any]`, crosses the border of a module.

It crosses where a public function, method, field, constant or alias of such a type, or a class made of one, is used by
another module. An alias counts as its type, whichever module it is imported from.
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


class OpenTypes:
    """The open types of a project, module by module: mappings to `Any`, and the aliases of such types."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        """Find the aliases, also those of other aliases."""
        self._imports = {module: _imports(tree) for module, tree in trees.items()}
        self._aliases: set[str] = set()
        values = {(module, name): value for module, tree in trees.items() for name, value in _assigned(tree)}
        known = -1
        while len(self._aliases) > known:
            known = len(self._aliases)
            self._aliases |= {f"{module}.{name}" for (module, name), value in values.items() if self.has(module, value)}

    def has(self, module: str, annotation: ast.expr | None) -> bool:
        """Return whether an annotation in a module names an open type."""
        return annotation is not None and any(self._is_open(module, node) for node in ast.walk(annotation))

    def is_alias(self, module: str, name: str) -> bool:
        """Return whether a name in a module, defined or imported there, is an alias of an open type."""
        seen = set()
        while (full := f"{module}.{name}") not in self._aliases:
            seen.add(full)
            source = self._imports.get(module, {}).get(name)
            if source is None or source in seen:
                return False
            module, _, name = source.rpartition(".")
        return True

    def opens(self, module: str, name: str, node: ast.stmt) -> bool:
        """Return whether a function, a field, a constant or an alias of a module names an open type."""
        if isinstance(node, _Function):
            return any(self.has(module, annotation) for annotation in _annotations(node))
        return self.is_alias(module, name) or (isinstance(node, ast.AnnAssign) and self.has(module, node.annotation))

    def _is_open(self, module: str, node: ast.AST) -> bool:
        match node:
            case ast.Subscript(value=kind, slice=ast.Tuple(elts=[key, value])):
                return _last(kind) in _MAPPINGS and _last(key) in {"str", "Any"} and _last(value) == "Any"
            case ast.Name(id=name):
                return self.is_alias(module, name)
            case ast.Attribute(value=ast.Name(id=package), attr=name):
                return self.is_alias(self._imports.get(module, {}).get(package, package), name)
            case ast.Constant(value=str(text)):
                return self.has(module, _quoted(text))
        return False


def _last(node: ast.expr) -> str | None:
    """Return the name of a type, without the module that it is taken from."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def _quoted(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None  # a text, such as a description within `Annotated`


def _imports(tree: ast.Module) -> dict[str, str]:
    """Return what a module imports from others: the name it gives, and the full name."""
    return {
        each.asname or each.name: f"{node.module}.{each.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for each in node.names
    }


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of a module that may be aliases, each with its type."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp() | ast.Name() as value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value):
                if _last(kind) == "TypeAlias":
                    yield name, value


def _annotations(function: _Function) -> Iterator[ast.expr | None]:
    arguments = function.args
    yield from (each.annotation for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
    yield function.returns


def open_names(module: str, tree: ast.Module, types: OpenTypes) -> Iterator[OpenName]:
    """Yield the public names of a module whose type is open."""
    for name, node in _named(tree.body):
        if isinstance(node, ast.ClassDef):
            if any(types.has(module, base) for base in node.bases):
                yield OpenName(module, name)
            for part, within in _named(node.body):
                if types.opens(module, part, within):
                    yield OpenName(module, f"{name}.{part}")
        elif types.opens(module, name, node):
            yield OpenName(module, name)


def _named(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the public names that statements define, each with its statement."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case _:
                continue
        if not name.startswith("_"):
            yield name, node


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
    types = OpenTypes(trees)
    uses = {name: _uses(tree, passed_on) for name, tree in trees.items()}
    found: dict[OpenName, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        for each in open_names(module, tree, types):
            owner = each.name.rpartition(".")[0]
            sources = _sources(tree, owner) if owner else {each.name}
            wanted = {(module, name) for name in sources}
            for user, (imported, attributes) in uses.items():
                if user != module and imported & wanted and (not owner or each.attribute in attributes):
                    found[each].append(user)
    return dict(found)
