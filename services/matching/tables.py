"""The parts that all tables of matching share: the metadata, names of constraints, column types."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from shared.runtime.tables import own_metadata

metadata = own_metadata()


class Table(SQLModel):
    """The base of matching's tables."""

    metadata = metadata


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """Return a column for a moment of domain time, with its zone."""
    return Column(DateTime(timezone=True), nullable=nullable, index=index)


def document(*, nullable: bool = False) -> Any:
    """Return a column for a part of a contract, as JSON."""
    return Column(JSONB(none_as_null=True), nullable=nullable)
