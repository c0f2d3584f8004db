"""Write, publish, revise, copy and close calls."""

from services.applications.calls.actions.closing import close, still_open
from services.applications.calls.actions.publishing import publish

__all__ = ["close", "publish", "still_open"]
