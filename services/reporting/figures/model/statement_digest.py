"""Compute the digest by which the figures of a statement are known.

A module of its own, since approval computes it both for a first statement and for a later one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.indicators.model.figure import Figure


def figures_digest(figures: Sequence[Figure]) -> str:
    """Return the SHA-256 over a period's figures, each on a line: definition, version, value, digest of its events."""
    lines = [
        f"{figure.definition.id} {figure.definition.version} {figure.total.value} {figure.total.digest}\n"
        for figure in figures
    ]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
