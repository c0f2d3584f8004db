"""What does the portal do with the events of the other services? Which function of which module takes which topic."""

from __future__ import annotations

from shared.bus import Consumers

consumers = Consumers("applications", projections=())
