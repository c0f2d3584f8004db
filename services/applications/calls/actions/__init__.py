"""What do programme coordinators do with calls? They write, publish, revise, copy and close them."""

from services.applications.calls.actions.closing import close, still_open
from services.applications.calls.actions.publishing import publish

__all__ = ["close", "publish", "still_open"]
