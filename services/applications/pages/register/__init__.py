"""Which pages does the register have? One module an aggregate, each with its own router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.pages.register import (
    access,
    leaving,
    money,
    needs,
    needs_table,
    organisations,
    overview,
    people,
    proposals,
)

if TYPE_CHECKING:
    from fastapi import APIRouter

routers: list[APIRouter] = [
    overview.router,
    organisations.router,
    people.router,
    leaving.router,
    proposals.router,
    access.router,
    money.router,
    needs_table.router,
    needs.router,
]
"""In the order in which they are tried."""
