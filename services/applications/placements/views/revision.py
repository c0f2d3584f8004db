"""Show what a revision of a placement changes, and for whom."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from shared.contracts.base import Country
from shared.contracts.codes import MatchState
from shared.web.read_models import ReadModel


class FieldChange(ReadModel):
    """One field that a revision changes."""

    field: Annotated[str, Field(examples=["places"])]
    old: Annotated[JsonValue, Field(examples=[2])]
    new: Annotated[JsonValue, Field(examples=[3])]


class AffectedMatch(ReadModel):
    """An unconfirmed match during a revision: it continues under the terms as they were proposed."""

    id: UUID
    reference: Annotated[str, Field(description="The application's.", examples=["AM-2026-0042"])]
    country: Annotated[Country, Field(description="The guest's.")]
    state: MatchState
    reserve: Annotated[bool, Field(description="Whether it waits behind another match for a place.")]

    @property
    def shown_state(self) -> str:
        """The state as pages show it: a reserve says that it is one."""
        return f"reserve_{self.state}" if self.reserve else self.state


class RevisionPreview(ReadModel):
    """The changes by a revision of a published placement, and the effect on its places."""

    changes: list[FieldChange]
    confirmed: Annotated[int, Field(description="Confirmed places, which stay as they were agreed.")]
    matches_under_way: list[AffectedMatch]
    opens: Annotated[bool, Field(description="Whether the placement, now closed, is open again.")]
    fills: Annotated[bool, Field(description="Whether all its places are then confirmed, so that it closes.")]
