"""Give the portal the free text about an application, for the export of a person's own data."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.free_texts import actions
from services.reporting.free_texts.views import WrittenForms, written_forms
from services.reporting.parameters import BusDep
from shared.identity import internal

router = APIRouter(prefix="/reporting/internal", include_in_schema=False)
Caller = Annotated[str, Depends(internal())]


class FreeTextRequest(BaseModel):
    """A request for an application's text, with its purpose."""

    model_config = ConfigDict(extra="ignore")

    application_id: UUID
    purpose: Annotated[str, Field(min_length=1, max_length=100)]


@router.post("/words")
async def give(body: FreeTextRequest, caller: Caller, bus: BusDep) -> WrittenForms:
    """Return what was written about an application, for the export of a person's own data; logged."""
    return written_forms(await actions.give(bus, caller, body.application_id, body.purpose))
