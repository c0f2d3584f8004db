"""What do people see of matching? The coordinators' board, and the receipt that opens with the portal's ticket."""

from fastapi import APIRouter

routers: list[APIRouter] = []

__all__ = ["routers"]
