"""Check what rooms may do with each other's tables."""

from __future__ import annotations

import grimp

from tests.architecture.writes import ROOT, foreign_writes, writing

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
