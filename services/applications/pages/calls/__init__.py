"""Which pages do calls have? Those that everybody reads, and those on which the programme coordinator writes them."""

from fastapi import APIRouter

from services.applications.pages.calls import closing, drafts, questions, revisions, shown

router = APIRouter(include_in_schema=False)
# `drafts` takes any section in its address and `shown` any call, so they come last.
for part in (questions, revisions, closing, drafts, shown):
    router.include_router(part.router, prefix="/applications/calls")

__all__ = ["router"]
