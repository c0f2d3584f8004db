"""The parameters that several routes of the service share; every service has such a module."""

from typing import Annotated

from fastapi import Depends, Request

from services.notifications.guards import READERS
from services.notifications.settings import Settings
from shared.bus import Bus
from shared.identity import Principal, allow
from shared.runtime.service import bus_of, service_of

BusDep = Annotated[Bus, Depends(bus_of)]
Reader = Annotated[Principal, Depends(allow(*READERS))]


def settings_of(request: Request) -> Settings:
    """Return the settings of the service that answers the request."""
    settings = service_of(request).settings
    assert isinstance(settings, Settings)
    return settings


async def _settings(request: Request) -> Settings:
    return settings_of(request)


SettingsDep = Annotated[Settings, Depends(_settings)]
