"""The parameters that several routes of the service share."""

from typing import Annotated

from fastapi import Depends, Request

from services.reporting.figures.actions.running_counts import RunningCounts
from services.reporting.settings import Settings
from shared.bus import Bus
from shared.runtime.service import Service, bus_of, service_of

BusDep = Annotated[Bus, Depends(bus_of)]
ServiceDep = Annotated[Service, Depends(service_of)]


def settings_of(request: Request) -> Settings:
    """Return the settings of the service that answers the request."""
    settings = service_of(request).settings
    assert isinstance(settings, Settings)
    return settings


SettingsDep = Annotated[Settings, Depends(settings_of)]


def running_counts(request: Request) -> RunningCounts:
    """Return the counts of whole periods that run in this instance."""
    found: RunningCounts = request.app.state.running_counts
    return found


RunningCountsDep = Annotated[RunningCounts, Depends(running_counts)]
