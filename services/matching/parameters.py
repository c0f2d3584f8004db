"""The parameters that several routes of matching share."""

from typing import Annotated

from fastapi import Depends

from shared.bus import Bus
from shared.runtime.service import bus_of

BusDep = Annotated[Bus, Depends(bus_of)]
