"""The pages of calls: those that everybody reads, and those on which the programme coordinator writes them."""

from services.applications.calls.pages import calls, closing, drafts, questions, revisions

# `drafts` takes any section in its address and `shown` any call, so they come last.
routers = [part.router for part in (questions, revisions, closing, drafts, calls)]

__all__ = ["routers"]
