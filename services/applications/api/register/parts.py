"""What do the register's routes for programs share: who may call them, and how an entry is given?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.applications.store.register_changes import RegisterChange

PREFIX = "/applications/api/register"


def told(change: RegisterChange, *, named: bool) -> dict[str, Any]:
    """A change of the history; who made it only to the programme."""
    return change.model_dump(mode="json", exclude=set() if named else {"actor"})
