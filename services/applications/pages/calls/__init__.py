"""Which pages do calls have? Those that everybody reads, and those on which the programme coordinator writes them."""

from fastapi import APIRouter

from services.applications.pages.calls import closing, drafts, questions, revisions, shown

router = APIRouter(prefix="/applications/calls", include_in_schema=False)
# `shown` takes any id in its address, so it comes last.
for part in (drafts, questions, revisions, closing, shown):
    router.include_router(part.router)

__all__ = ["router"]
