"""Show what a revision of a call changes, and for which applications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.applications.calls.model.revision import Effect
from shared.contracts.base import Country
from shared.contracts.codes import ApplicationState, EligibilityRule
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.applications.calls.model.revision import Difference
    from services.applications.calls.views.headings import CallHeading
    from shared.contracts.calls import CallTerms


class AffectedApplication(ReadModel):
    """A submitted application that the new rules would treat differently."""

    id: UUID
    reference: Annotated[str | None, Field(examples=["AM-2026-0042"])]
    country: Country
    state: ApplicationState
    effect: Effect
    gained: Annotated[list[EligibilityRule], Field(description="Rules that would be met and are not.")]
    lost: Annotated[list[EligibilityRule], Field(description="Rules that are met and would not be.")]
    moves: Annotated[
        bool, Field(description="Whether it can be given the new rules: it would gain, and was not decided yet.")
    ]


class RevisionEffects(ReadModel):
    """The submitted applications for which a revision would be better or worse."""

    digest: Annotated[str, Field(description="Send it to publish the revision only while these are the applications.")]
    applications: list[AffectedApplication]


@dataclass(frozen=True, slots=True)
class ProposedRevision:
    """A published call, the terms that a draft would give it, what they say differently, and whom that affects."""

    call: CallHeading
    terms: CallTerms
    differences: Sequence[Difference]
    affected: Sequence[AffectedApplication]
