"""When does a country's decision go to the programme coordinator? When nobody answers, or nobody is there; pure.

Silence never blocks an officer, and never decides anything by itself (`domain.md`): a deputy decides on the days of the
deputyship like the coordinator; once the deadline has passed, the programme coordinator is asked to decide in their
place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def asked_since(*, due: datetime | None, since: datetime, held: bool, now: datetime) -> datetime | None:
    """Since when the programme coordinator is asked; None where the country has it.

    `since` is when the decision was first asked for, `due` until when the country has it; `held` says whether it has a
    coordinator or a deputy today.
    """
    if not held:
        return since
    return due if due is not None and due < now else None
