"""Find functions of a store that write and are called from another room.

Other rooms may read a store, never write to it. A function writes if it adds to or deletes from a session, or makes an
INSERT, UPDATE or DELETE, itself or through another function of a store or of a service's `tables`.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.architecture.rooms import place

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_VERBS = frozenset({"insert", "update", "delete", "merge", "write_rows", "add", "add_all"})
_ON = frozenset({"session", "sa", "sqlalchemy", "postgresql", "tx"})


@cache
def modules(top: str = "services") -> dict[str, Path]:
    """Return all modules of the services, or of another top folder, by name; migrations are left out."""
    found = {}
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "migrations" not in parts:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def writing(path: Path) -> frozenset[str]:
    """Return the names of a module's functions that write."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    found = {name for name, node in functions.items() if any(_writes(each) for each in ast.walk(node))}
    for node in tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and (".store" in (node.module or "") or (node.module or "").endswith(".tables"))
            and (other := modules().get(node.module or ""))
        ):
            found |= {each.asname or each.name for each in node.names if each.name in writing(other)}
    while True:
        more = {
            name
            for name, node in functions.items()
            if name not in found and any(isinstance(each, ast.Name) and each.id in found for each in ast.walk(node))
        }
        if not more:
            return frozenset(found)
        found |= more


def _writes(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        text = node.value.lstrip().upper() if isinstance(node.value, str) else ""
        return text.startswith(("INSERT INTO", "UPDATE ", "DELETE FROM"))
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Name):
        return called.id in _VERBS - {"add"}
    if not isinstance(called, ast.Attribute) or called.attr not in _VERBS:
        return False
    base = called.value.attr if isinstance(called.value, ast.Attribute) else getattr(called.value, "id", "")
    return base in _ON


def foreign_writes() -> Iterator[tuple[str, str, str]]:
    """Each use of a writing function of another room's store: the module that uses it, the store, the function."""
    known = modules()
    for name, path in known.items():
        here = place(name)
        if here is None:
            continue
        aliases: dict[str, str] = {}
        used: set[tuple[str, str]] = set()
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    whole = f"{node.module}.{each.name}"
                    if whole in known:
                        aliases[each.asname or each.name] = whole
                    else:
                        used.add((node.module, each.name))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                used.add((aliases[node.value.id], node.attr))
        for store, function in sorted(used):
            there = place(store)
            if there is None or there.layer != "store" or there.room == here.room:
                continue
            if store in known and function in writing(known[store]):
                yield name, store, function
