"""Give the portal the free text about an application, for the export of a person's own data."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.free_texts import actions
from services.reporting.parameters import BusDep
from shared.i18n import gettext
from shared.identity import internal

router = APIRouter(prefix="/reporting/internal", include_in_schema=False)
Caller = Annotated[str, Depends(internal())]


class FreeTextRequest(BaseModel):
    """Which application's text, and what for."""

    model_config = ConfigDict(extra="ignore")

    application_id: UUID
    purpose: Annotated[str, Field(min_length=1, max_length=100)]


@router.post("/words")
async def give(body: FreeTextRequest, caller: Caller, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return what was written about an application, for the export of a person's own data; logged."""
    found = await actions.give(bus, caller, body.application_id, body.purpose)
    return {
        "written": [
            {
                "form": written.form,
                "respondent": written.respondent,
                "at": written.at,
                "draft": written.draft,
                "texts": [{"name": name, "question": gettext(ask), "text": text} for name, ask, text in written.texts],
            }
            for written in found
        ]
    }
