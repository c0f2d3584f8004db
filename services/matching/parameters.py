"""The parameters that several routes of matching share; every service has such a module."""

from typing import Annotated

from fastapi import Depends, Request

from services.matching.settings import Settings
from shared.bus import Bus
from shared.runtime.service import bus_of, service_of

BusDep = Annotated[Bus, Depends(bus_of)]


def receipt_effort(request: Request) -> int:
    """Return how many changed runs a receipt may take to find the smallest changes."""
    settings = service_of(request).settings
    return settings.receipt_effort if isinstance(settings, Settings) else 0
