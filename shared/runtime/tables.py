"""Make the metadata with which every service's database begins, and the naming convention of keys and indexes."""

from __future__ import annotations

from sqlalchemy import MetaData

from shared.bus import bus_tables
from shared.identity import access_table

# Names that migrations can count on.
_NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


def own_metadata() -> MetaData:
    """Return the metadata of one service with the tables of the bus and of access; the service adds its own."""
    metadata = MetaData(naming_convention=_NAMES)
    bus_tables(metadata)
    access_table(metadata)
    return metadata
