"""Find the benchmarks of the matching: every module of this folder that has a `measure() -> list[Figure]`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.benchmarks.figures import Figure


def measures() -> Mapping[str, Callable[[], list[Figure]]]:
    """Return module name -> `measure`; none of them needs servers."""
    found: dict[str, Callable[[], list[Figure]]] = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        measure = getattr(import_module(f"tests.benchmarks.matching.{path.stem}"), "measure", None)
        if measure is not None:
            found[path.stem] = measure
    return found
