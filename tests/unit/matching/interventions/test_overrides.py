"""Tests of the answer to an override that was made before."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from services.matching.interventions.actions import overrides
from services.matching.interventions.actions.reasons import OverrideReason
from shared.contracts.codes import Reason
from shared.errors import ProblemCode, Refused
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class _Bus:
    @asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """Yield no session."""
        yield None


async def test_a_repeat_while_the_portal_is_away_does_not_say_that_no_place_was_assigned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The place is assigned already, so the answer says that, and that the reason cannot be compared now."""

    async def refuse(*_: Any) -> None:
        raise Refused("This application has a match.")

    async def before(*_: Any) -> Any:
        return new_id()

    async def away(*_: Any) -> bool:
        raise Refused("No place was assigned.", code=ProblemCode.UNAVAILABLE)

    for name, stand_in in (("_put_once", refuse), ("_put_before", before), ("store_reason", away)):
        monkeypatch.setattr(overrides, name, stand_in)
    wanted = overrides.WantedOverride(new_id(), new_id(), OverrideReason(Reason.OTHER, "The host asked."))
    bus: Any = _Bus()
    settings: Any = None
    with pytest.raises(Refused, match="You assigned this place before") as refused:
        await overrides.put(bus, settings, "carla", wanted)
    assert refused.value.code is ProblemCode.UNAVAILABLE
