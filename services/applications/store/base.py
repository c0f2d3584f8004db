"""What do all tables of the portal have in common? One metadata, and names that migrations can count on."""

from __future__ import annotations

from sqlmodel import SQLModel

from shared.tables import own_metadata

metadata = own_metadata()


class Table(SQLModel):
    """The base of the portal's tables."""

    metadata = metadata
