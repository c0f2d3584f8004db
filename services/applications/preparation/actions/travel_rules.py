"""Decide what is required before travel, by call and by countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls import store as calls_store
from services.applications.preparation import store
from services.applications.preparation.model import same_country
from services.applications.refusals import not_found
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.preparation.model import Rule
    from shared.bus import Bus


async def decide(bus: Bus, actor: str, rule: Rule) -> store.TravelRule:
    """Require an item, or no longer; a decision about the same case replaces the one before.

    It applies to visits to come. Raises `Refused` (422 for an unknown call, or one country twice).
    """
    if wrong := same_country(rule.country, rule.host_country):
        raise Refused(wrong["host_country"], 422, wrong)
    async with bus.transaction(actor) as tx:
        await store.lock_rules(tx.session)
        if rule.call_id is not None and await calls_store.call(tx.session, rule.call_id) is None:
            sentence = gettext("This call does not exist.")
            raise Refused(sentence, 422, {"call_id": sentence})
        row = await store.same_rule(tx.session, rule)
        if row is None:
            row = store.TravelRule(
                id=new_id(),
                item=rule.item,
                required=rule.required,
                call_id=rule.call_id,
                country=rule.country,
                host_country=rule.host_country,
                actor=actor,
                at=clock.now(),
            )
        row.required, row.actor, row.at = rule.required, actor, clock.now()
        tx.session.add(row)
        await tx.changed("matches")
        return row


async def take_back(bus: Bus, actor: str, rule_id: UUID) -> None:
    """Take back a decision: the less specific one applies again. Raises `Refused` (404)."""
    async with bus.transaction(actor) as tx:
        await store.lock_rules(tx.session)
        row = await store.rule(tx.session, rule_id)
        if row is None:
            raise not_found()
        await tx.session.delete(row)
        await tx.changed("matches")
