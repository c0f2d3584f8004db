"""Who is an officer's line manager, as an opaque id? A line manager has no account and is not in the register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.ids import reaction_id

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.model.answers import Answers


def recipient(application_id: UUID, answers: Answers) -> UUID | None:
    """Worked out from application and address, so another line manager has another; None where none is named."""
    address = answers.line_manager_email
    return reaction_id(application_id, "line_manager", address) if address else None
