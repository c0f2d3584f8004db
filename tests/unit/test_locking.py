"""No service decides on what it read of a row before it had its lock."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS_ONLY = {
    "applications/partners/store.py": 2,
    "notifications/deadlines/store/deadlines.py": 1,
    "notifications/messages/store/messages.py": 1,
    "notifications/webhooks/store/endpoints.py": 1,
}
"""The modules that call `with_for_update` on a query of columns, and how often: a session keeps none of those."""


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield file.relative_to(ROOT / "services").as_posix(), node


def test_a_locked_query_is_refreshed() -> None:
    """Queries are locked by `for_update`, which refreshes what the session holds."""
    found: dict[str, int] = {}
    for file, call in _calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "with_for_update":
            found[file] = found.get(file, 0) + 1
    assert found == COLUMNS_ONLY


def test_a_locked_row_is_refreshed() -> None:
    """`Session.get` with a lock refreshes what the session holds; `refresh` does so by itself."""
    for file, call in _calls():
        names = {each.arg for each in call.keywords}
        if "with_for_update" in names and not (isinstance(call.func, ast.Attribute) and call.func.attr == "refresh"):
            assert "populate_existing" in names, f"{file}:{call.lineno}"
