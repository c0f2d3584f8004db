"""The items of a preparation: who owns each, who reads it, and for which visits it is required."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import Party
from shared.contracts.codes import PreparationItem as Item
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


SENDER = Party.HOME_COORDINATOR


OWNERS: dict[Item, Party] = {
    Item.AUTHORISATION: SENDER,
    Item.COSTS: SENDER,
    Item.INVITATION: Party.HOST,
    Item.ARRIVAL: Party.HOST,
    Item.VISA: Party.GUEST,
    Item.INSURANCE: Party.GUEST,
    Item.EMERGENCY_CONTACT: Party.GUEST,
    Item.ACCESS_NEEDS: Party.GUEST,
}
"""The party that brings each item: the sender owns planned facts, the host what it receives the guest with (EWP)."""


DEFAULT_ITEMS = tuple(choice for choice in Item if choice is not Item.ACCESS_NEEDS)
"""The items required if the programme sets no other rule; access needs are offered, never required."""


READERS: dict[Item, frozenset[Party]] = {
    Item.AUTHORISATION: frozenset({Party.GUEST, SENDER, Party.HOST, Party.HOST_COORDINATOR, Party.PROGRAMME}),
    Item.COSTS: frozenset({Party.GUEST, SENDER, Party.HOST, Party.HOST_COORDINATOR, Party.PROGRAMME}),
    Item.INVITATION: frozenset({Party.GUEST, SENDER, Party.HOST, Party.HOST_COORDINATOR}),
    Item.ARRIVAL: frozenset({Party.GUEST, SENDER, Party.HOST}),
    Item.VISA: frozenset({Party.GUEST, SENDER}),
    Item.INSURANCE: frozenset({Party.GUEST, SENDER}),
    Item.EMERGENCY_CONTACT: frozenset({Party.GUEST}),
    Item.ACCESS_NEEDS: frozenset({Party.GUEST, Party.HOST}),
}
"""The readers of each sheet; everybody else of the visit sees only whether it is there (`domain.md`).

The host sees the emergency contact by another way, on the days of the visit only.
"""


def same_country(country: str | None, host_country: str | None) -> dict[str, str]:
    """Return an error, by field, where guests and hosts would be of one country; empty or None stands for any."""
    if not country or country != host_country:
        return {}
    sentence = gettext("A visit must be to another country. Choose two different countries, or leave one open.")
    return {"host_country": sentence}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule whether an item is required in a call, or between two countries; None stands for any."""

    item: Item
    required: bool
    call_id: UUID | None = None
    country: str | None = None
    host_country: str | None = None

    def applies_to(self, call_id: UUID, country: str, host_country: str) -> bool:
        """Return whether the rule is about such a visit."""
        return (
            self.call_id in (None, call_id)
            and self.country in (None, country)
            and self.host_country in (None, host_country)
        )

    @property
    def specificity(self) -> tuple[int, bool]:
        """The rank by detail: a pair of countries outranks one country, which outranks a call."""
        return (self.country is not None) + (self.host_country is not None), self.call_id is not None


def required_items(rules: Iterable[Rule], call_id: UUID, country: str, host_country: str) -> tuple[Item, ...]:
    """Return the items required for a visit: the most specific rule about each decides, else the default."""
    found: dict[Item, Rule] = {}
    for rule in rules:
        if rule.applies_to(call_id, country, host_country):
            before = found.get(rule.item)
            if before is None or rule.specificity > before.specificity:
                found[rule.item] = rule
    return tuple(item for item in Item if (found[item].required if item in found else item in DEFAULT_ITEMS))
