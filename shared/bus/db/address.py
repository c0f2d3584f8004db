"""Write the address of a database as asyncpg reads it."""

from __future__ import annotations


def plain_address(url: str) -> str:
    """Return an address without SQLAlchemy's name of the driver; its parameters are those of libpq."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
