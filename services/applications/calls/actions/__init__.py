"""Write, publish, revise, copy and close calls."""

from services.applications.calls.actions.closing import close, hold_open_call
from services.applications.calls.actions.publishing import publish

__all__ = ["close", "hold_open_call", "publish"]
