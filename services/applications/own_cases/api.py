"""The internal route by which other services learn whether a case concerns the person who would decide on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.applications.own_cases.views import is_concerned
from services.applications.parameters import BusDep
from shared.identity import internal
from shared.web.read_models import ReadModel

router = APIRouter(prefix="/applications/internal", include_in_schema=False)


class CaseAsked(BaseModel):
    """A question about a person who would decide on a call, an application or a mentor's profile."""

    model_config = ConfigDict(extra="ignore")

    subject: Annotated[str, Field(min_length=1, max_length=200)]
    call_id: UUID | None = None
    application_id: UUID | None = None
    mentor_id: UUID | None = None


class Concern(ReadModel):
    """The answer whether the case is the person's own, or that of a manager or team member. It names nobody."""

    concerned: bool


@router.post("/own-cases")
async def own_cases(body: CaseAsked, bus: BusDep, _: Annotated[str, Depends(internal())]) -> Concern:
    """Return whether a case concerns a person; of a call, whether any of its applications or mentors does."""
    async with bus.read() as session:
        found = await is_concerned(
            session, body.subject, call_id=body.call_id, application_id=body.application_id, mentor_id=body.mentor_id
        )
    return Concern(concerned=found)
