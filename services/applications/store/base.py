"""What do all tables of the portal have in common? One metadata, and names that migrations can count on."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from shared.bus import bus_tables
from shared.identity import access_table

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)
bus_tables(metadata)
access_table(metadata)


class Table(SQLModel):
    """The base of the portal's tables."""

    metadata = metadata
