"""Show messages in words: the same for pages, the API and the portal's inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.messages.model.wording import Wording, wording
from services.notifications.messages.store import messages as store
from shared.contracts.codes import UNION, AudienceKind
from shared.contracts.labels import country, label
from shared.i18n import gettext

if TYPE_CHECKING:
    from services.notifications.messages.model.rule import Rule
    from services.notifications.messages.store.messages import MessageRow

_COORDINATORS = frozenset({AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR})
_DEPUTIES = frozenset({AudienceKind.HOME_DEPUTY, AudienceKind.HOST_DEPUTY})
# The stored state of a message -> its code in the shared table of states.
_STATES = {store.WAITING: "waiting", store.DONE: "sent", store.FAILED: "failed"}


def message_wording(message: MessageRow, *, origin: str = "", host: str = "") -> Wording:
    """Return a message in words, in the current language."""
    return wording(message.row, message.case, message.facts, to=message.audience.kind, origin=origin, host=host)


def state_of(message: MessageRow) -> str:
    """Return the code of its state in `shared.web.states`, kind `notification`."""
    return _STATES[message.state]


def stored_state(code: str | None) -> str | None:
    """Return the stored state for a code of `shared.web.states`; None for an unknown one."""
    return next((stored for stored, known in _STATES.items() if known == code), None)


def audience_name(message: MessageRow) -> str:
    """Return the audience in words: `National coordinator, home (Moldova)`."""
    audience = gettext(message.audience.kind.label)
    if message.country == UNION and message.audience.kind in _COORDINATORS:
        return gettext("Clearance officer of the EU agency")
    if message.country == UNION and message.audience.kind in _DEPUTIES:
        return gettext("Deputy of the clearance officer of the EU agency")
    where = country(message.country)
    return f"{audience} ({where})" if where else audience


def audience_of_rule(rule: Rule) -> str:
    """Return the audience of a row of the table in words."""
    words = {
        "owner": gettext("Whoever has it"),
        "escalation": gettext("The next in line"),
        "companion": gettext("Whoever is named"),
        "proposer": gettext("Whoever proposed it"),
    }
    return words.get(str(rule.to)) or label(rule.to)
