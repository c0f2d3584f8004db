"""No page or API operation reads a parameter of its address that it does not declare."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from shared.identity.confirmations import WORD

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]

WHOLE = {
    "shared/identity/confirmations.py": "It drops unsigned confirmations and keeps all other parameters as they are.",
    "shared/identity/ticket_exchange.py": "It takes the ticket out of the address of any page, before its handler.",
    "shared/identity/page_limits.py": "It counts the key of a link, which the route that it protects declares.",
}
"""Files that read the whole query, and why."""


def sources() -> list[Path]:
    """Return the modules of the services, and the shared ones."""
    return sorted(path for part in ("services", "shared") for path in (ROOT / part).rglob("*.py"))


def reads(tree: ast.Module) -> Iterator[tuple[int, str | None]]:
    """Return each place that reads `query_params`: its line and the name that it reads, None for the whole query."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "query_params" and not _of_route(node):
            yield node.lineno, _name_read(node, parents)


def _of_route(node: ast.Attribute) -> bool:
    """Return whether it is the declaration of a route's parameters that is read."""
    return isinstance(node.value, ast.Name) and node.value.id == "dependant"


def _name_read(node: ast.Attribute, parents: dict[ast.AST, ast.AST]) -> str | None:
    of = parents[node]
    if not (isinstance(of, ast.Attribute) and of.attr == "get" and isinstance(call := parents[of], ast.Call)):
        return None
    name = call.args[0]
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def declared(tree: ast.Module) -> set[str]:
    """Return the names that a module declares by `declared({...})`."""
    return {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "declared"
        for mapping in node.args
        if isinstance(mapping, ast.Dict)
        for key in mapping.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def test_query_parameters_are_declared() -> None:
    """A handler reads parameters that its module declares, and signed confirmations."""
    wrong: dict[str, list[str]] = {}
    for path in sources():
        text = path.read_text()
        if "query_params" in text:
            tree = ast.parse(text)
            names = declared(tree)
            for line, name in reads(tree):
                if name is None or not (name in names or name.startswith(WORD)):
                    wrong.setdefault(str(path.relative_to(ROOT)), []).append(f"{line}: {name or 'the whole query'}")
    assert {path: lines for path, lines in wrong.items() if path not in WHOLE} == {}
    assert wrong.keys() >= WHOLE.keys(), "what reads no more than others is taken off the list"
