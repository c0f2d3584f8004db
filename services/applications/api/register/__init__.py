"""Which routes does the register offer to programs? One module an aggregate, each with its own router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.api.register import access, bulk, entries, money, needs, proposals

if TYPE_CHECKING:
    from fastapi import APIRouter

routers: list[APIRouter] = [
    bulk.router,
    entries.router,
    proposals.router,
    access.router,
    money.router,
    needs.router,
]
"""In the order in which they are tried."""
