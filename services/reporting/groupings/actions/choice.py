"""Choose by which groups figures are broken down, before figures are submitted for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.figures.actions.periods import forget_moving_figures
from services.reporting.groupings import store
from services.reporting.groupings.model import choosable
from services.reporting.periods import store as periods_store
from services.reporting.periods.model.approval import as_refusal
from shared.contracts.codes import GROUPINGS
from shared.contracts.periods import GROUPINGS_KEY, GroupingsChosen
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from services.reporting.groupings.model import Levels
    from shared.bus import Bus
    from shared.identity import Principal


async def choose(bus: Bus, principal: Principal, dimension: str, level: str) -> Levels:
    """Choose the level of a dimension for all periods; the one that stands already changes nothing.

    Raises `Refused` (404, 409, 422).
    """
    if dimension not in GROUPINGS:
        raise no_such()
    if level not in {each.code for each in GROUPINGS[dimension]}:
        sentence = gettext("Choose one of the groupings of the list")
        raise Refused(sentence, 422, {"level": sentence})
    async with bus.transaction(principal.subject) as tx:
        await store.lock_to_choose(tx.session)
        present = await store.levels(tx.session)
        if present.chosen.get(dimension) == level:
            return present
        with as_refusal():
            choosable(await periods_store.approvals(tx.session))
        levels = present.changed(dimension, level)
        await store.keep(tx.session, dimension, level, principal.subject, clock.now())
        await forget_moving_figures(tx.session)
        await tx.record(GroupingsChosen(levels=levels.as_chosen()), GROUPINGS_KEY)
        await tx.changed("figures")
    return levels


def no_such() -> Refused:
    """Return the refusal for a dimension that has no groupings."""
    return Refused(gettext("There is no such grouping."), 404)
