"""Show webhooks and deliveries in words, the same for pages and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.webhooks.model.webhook import Result, selectable
from shared.contracts.codes import Role, WebhookReach
from shared.contracts.labels import label
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from services.notifications.webhooks.store.endpoints import Endpoint

READERS = (Role.PROGRAMME_COORDINATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER)
"""Who reads where events are sent; only a programme coordinator changes it."""

_TOPICS = {
    "exchange.figures": N_("Figures"),
    "exchange.periods": N_("Reporting periods"),
    "exchange.calls": N_("Calls"),
    "exchange.registry": N_("Register"),
    "exchange.applications": N_("Applications"),
    "exchange.offers": N_("Placements"),
    "mentoring.mentors": N_("Mentors"),
    "exchange.matches": N_("Matches"),
    "exchange.participation": N_("Answers and participation"),
    "exchange.visits": N_("Visits"),
    "mentoring.mentorships": N_("Mentorships"),
    "exchange.outcomes": N_("Outcomes"),
}


def groups(reach: WebhookReach) -> list[tuple[str, tuple[str, ...]]]:
    """Return the event types that can be chosen, under the names of their topics."""
    return [(gettext(_TOPICS[topic]), types) for topic, types in selectable(reach).items() if types]


def result(code: str | None) -> str:
    """Return the result of an attempt in words."""
    return "" if code is None else label(Result(code))


def why(endpoint: Endpoint) -> str:
    """Return in words why an endpoint is paused."""
    return "" if endpoint.why is None else label(endpoint.why)
