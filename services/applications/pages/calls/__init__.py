"""Which pages do calls have? Those that everybody reads, and those on which the programme coordinator writes them."""

from services.applications.pages.calls import closing, drafts, questions, revisions, shown

# `drafts` takes any section in its address and `shown` any call, so they come last.
routers = [part.router for part in (questions, revisions, closing, drafts, shown)]

__all__ = ["routers"]
