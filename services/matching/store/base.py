"""What do all tables of matching have in common? One metadata, and names that migrations can count on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
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
    """The base of matching's tables."""

    metadata = metadata


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column for a moment of domain time, with its zone."""
    return Column(DateTime(timezone=True), nullable=nullable, index=index)


def document(*, nullable: bool = False) -> Any:
    """A column for a part of a contract, as JSON."""
    return Column(JSONB(none_as_null=True), nullable=nullable)
