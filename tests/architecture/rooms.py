"""Check that the modules of a service import only what their layer may import.

A service is cut into rooms (`services.applications.visits`), a room into layers (`model`, `store`, `views` ...), each a
module or a package. `lint-imports` runs this contract on every direct import between the rooms of one service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grimp import ImportGraph

OWN = {
    "model": {"model"},
    "store": {"model", "store"},
    "views": {"model", "store", "views"},
    "actions": {"model", "store", "views", "actions"},
    "forms": {"model", "forms"},
    "pages": {"model", "views", "actions", "forms", "pages"},
    "api": {"model", "views", "actions", "forms", "api"},
    "consumers": {"model", "store", "actions"},
}
"""What each layer may import of its own room."""

OTHER = {
    "model": {"model"},
    "store": {"model"},
    "views": {"model", "views"},
    "actions": {"model", "views", "actions"},
    "forms": {"model", "forms"},
    "pages": {"model", "views", "actions", "forms"},
    "api": {"model", "views", "actions", "forms"},
    "consumers": {"model", "actions"},
}
"""What each layer may import of the other rooms of its service."""

OUTSIDE = {"model": ("shared.web", "shared.bus", "shared.identity", "fastapi", "sqlalchemy", "sqlmodel")}
"""What a layer may not import of the rest of the project or of libraries."""

JOINS = "overview"
"""The room whose store may read the tables of all other rooms: a list is then asked for once, not row by row."""


class Place(NamedTuple):
    """Where a module stands: `services.applications.visits.store.moves` is (applications, visits, store)."""

    service: str
    room: str
    layer: str


def place(module: str) -> Place | None:
    """The place of a module; None for what belongs to no layer of a room."""
    parts = module.split(".")
    if len(parts) < 4 or parts[0] != "services" or parts[3] not in OWN:
        return None
    return Place(parts[1], parts[2], parts[3])


def breach(importer: str, imported: str) -> str | None:
    """Why one module may not import the other; None if it may."""
    here, there = place(importer), place(imported)
    if here is None:
        return None
    for outside in OUTSIDE.get(here.layer, ()):
        if imported == outside or imported.startswith(f"{outside}."):
            return f"a {here.layer} imports no {outside}"
    if there is None or here.service != there.service:
        return None
    if here.room == there.room:
        return None if there.layer in OWN[here.layer] else f"{here.layer} stands below {there.layer}"
    if there.layer in OTHER[here.layer] or (here.room == JOINS and there.layer == "store"):
        return None
    return f"the {there.layer} of another room"


def breaches(graph: ImportGraph) -> Iterator[tuple[str, str, str]]:
    """All imports that their layer forbids, sorted: who imports, what, and why it may not."""
    for importer in sorted(graph.modules):
        if place(importer) is None:
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            if reason := breach(importer, imported):
                yield importer, imported, reason


class RoomsContract(Contract):
    """A contract without parameters but the list of known breaches, `ignore_imports`, each of which must exist."""

    type_name = "rooms"

    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - import-linter's signature
        """Compare every direct import with the tables of this module."""
        removed = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=self.ignore_imports,  # type: ignore[arg-type]  # a field is its value once it is read
            unmatched_alerting=contract_utils.AlertLevel.ERROR,
        )
        found = list(breaches(graph))
        return ContractCheck(
            kept=not found,
            warnings=list(removed.warnings),
            ignored_import_count=removed.ignored_import_count,
            metadata={"breaches": found},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import and the reason why it may not be."""
        for importer, imported, reason in check.metadata["breaches"]:
            output.print_error(f"{importer} -> {imported}: {reason}", bold=False)
