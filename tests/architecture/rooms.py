"""Check that the modules of a service import only what their layer may import.

A service is cut into rooms (`services.applications.visits`), a room into layers (`model`, `store`, `views` ...), each a
module or a package. `lint-imports` runs this contract on every direct import between the rooms of one service. Known
breaches stand in `breaches.txt`, a list that only shrinks: a line whose breach is gone is an error until
`python -m tests.architecture.rooms` has taken it out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import grimp
from importlinter import Contract, ContractCheck, output

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
"""The layers of its own room that each layer may import."""

OTHER = {
    "model": {"model"},
    "store": {"model", "store"},
    "views": {"model", "store", "views"},
    "actions": {"model", "store", "views", "actions"},
    "forms": {"model", "forms"},
    "pages": {"model", "views", "actions", "forms"},
    "api": {"model", "views", "actions", "forms"},
    "consumers": {"model", "store", "actions"},
}
"""The layers of the service's other rooms that each layer may import; their stores are read, not written.

`writes.py` checks the second half (docs/decisions/0027-rooms-read-each-others-stores.md).
"""

OUTSIDE = {"model": ("shared.web", "shared.bus", "shared.identity", "fastapi", "sqlalchemy", "sqlmodel")}
"""The parts of the project and the libraries that a layer may not import."""

LIST = Path(__file__).with_name("breaches.txt")


class Place(NamedTuple):
    """The place of a module: `services.applications.visits.store.moves` is (applications, visits, store)."""

    service: str
    room: str
    layer: str


def place(module: str) -> Place | None:
    """Return the place of a module; None for what belongs to no layer of a room."""
    parts = module.split(".")
    if len(parts) < 4 or parts[0] != "services" or parts[3] not in OWN:
        return None
    return Place(parts[1], parts[2], parts[3])


def breach(importer: str, imported: str) -> str | None:
    """Return why one module may not import the other; None if it may."""
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
    if there.layer in OTHER[here.layer]:
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


def listed_breaches() -> list[str]:
    """Return the lines of the list of breaches: `importer -> imported`."""
    return [line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")]


class RoomsContract(Contract):
    """The contract `rooms` of import-linter; it has no parameters."""

    type_name = "rooms"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - import-linter's signature
        """Compare every direct import with the tables of this module and with the list of breaches."""
        found = {f"{importer} -> {imported}": reason for importer, imported, reason in breaches(graph)}
        listed = set(listed_breaches())
        wrong = {line: reason for line, reason in found.items() if line not in listed}
        wrong |= dict.fromkeys(sorted(listed - found.keys()), "no breach any more: take its line out")
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import and the reason why it may not be."""
        for line, reason in check.metadata["wrong"].items():
            output.print_error(f"{line}: {reason}", bold=False)


def main() -> None:
    """Take lines out of the list whose breach is gone; print how many are left."""
    graph = grimp.build_graph("services", "shared", "deploy", include_external_packages=True)
    found = {f"{importer} -> {imported}" for importer, imported, _ in breaches(graph)}
    lines = LIST.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line or line.startswith("#") or line in found]
    LIST.write_text("\n".join(kept) + "\n", "utf-8")
    print(f"{len(found & set(kept))} breaches are listed, {len(found - set(kept))} are not.")


if __name__ == "__main__":
    main()
