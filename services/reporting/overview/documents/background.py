"""Hold what a report says beside the figures of its period.

A module of its own, since feeds pass it on without loading what draws the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.disclosure.model import Released
    from services.reporting.needs.model import Need
    from services.reporting.targets.model import TargetValue


@dataclass(frozen=True, slots=True)
class Background:
    """Figures of other published periods, targets that count, needs, and the statement before with why it changed."""

    history: Sequence[Released] = ()
    targets: Sequence[TargetValue] = ()
    needs: Sequence[Need] = ()
    before: Sequence[Released] = ()
    reason: str | None = None
