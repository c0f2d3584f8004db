"""Say in words what the pages of notifications show of a record, for a form that rests on an older version of it."""

from __future__ import annotations

from typing import Any

from sqlmodel import col

from services.notifications.mail.store.unreachable import Unreachable
from services.notifications.messages.store.messages import MessageRow, NotificationRow
from services.notifications.webhooks.store.deliveries import Delivery
from services.notifications.webhooks.store.endpoints import Endpoint, Secret
from shared.contracts.labels import label
from shared.i18n import N_
from shared.identity.record_facts import Column, RecordFacts, actors, columns, journal, latest, number


def _last_of_secrets(moment: Any) -> Any:
    """Return the column with the latest of these moments of the signing secrets of a webhook."""
    return latest(col(Secret.endpoint_id), col(Endpoint.id), moment)


def _last_of_emails(moment: Any) -> Any:
    """Return the column with the latest of these moments of the emails of a message."""
    return latest(col(NotificationRow.message_id), col(MessageRow.id), moment)


def _emails(moment: Any) -> Any:
    """Return the column with how many emails of a message have such a moment."""
    return number(col(NotificationRow.message_id), col(MessageRow.id), moment.is_not(None))


FACTS = {
    "endpoint": RecordFacts(
        N_("Webhook"),
        columns(
            col(Endpoint.id),
            Column(N_("Description"), col(Endpoint.description)),
            Column(N_("Address"), col(Endpoint.url)),
            Column(N_("Events"), col(Endpoint.events)),
            Column(N_("Signing secret created"), _last_of_secrets(col(Secret.created_at))),
            Column(
                N_("Previous signing secret valid until"),
                _last_of_secrets(col(Secret.until)),
            ),
            Column(N_("Cause of the pause"), col(Endpoint.cause), label),
        ),
        journal("exchange.notifications"),
    ),
    "delivery": RecordFacts(
        N_("Delivery"),
        columns(
            col(Delivery.id),
            Column(N_("Event"), col(Delivery.type)),
            Column(N_("Attempts"), col(Delivery.attempts)),
            Column(N_("Queued"), col(Delivery.queued_at)),
            Column(N_("Next attempt"), col(Delivery.next_at)),
            Column(N_("Result"), col(Delivery.result), label),
            Column(N_("HTTP status"), col(Delivery.status)),
        ),
    ),
    "message": RecordFacts(
        N_("Message"),
        columns(
            col(MessageRow.id),
            Column(N_("Attempts"), col(MessageRow.attempts)),
            Column(N_("Queued"), col(MessageRow.queued_at)),
            Column(N_("Next attempt"), col(MessageRow.next_at)),
            Column(N_("Held until"), col(MessageRow.held_until)),
            Column(N_("Emails sent"), _emails(col(NotificationRow.sent_at))),
            Column(N_("Last sent"), _last_of_emails(col(NotificationRow.sent_at))),
            Column(N_("Emails read"), _emails(col(NotificationRow.read_at))),
            Column(N_("Last delivery report"), _last_of_emails(col(NotificationRow.status_at))),
            Column(N_("Cause"), col(MessageRow.cause), label),
        ),
    ),
    "recipient": RecordFacts(
        N_("Person who cannot be reached"),
        columns(
            col(Unreachable.recipient),
            Column(N_("Since"), col(Unreachable.since)),
            Column(N_("Cause"), col(Unreachable.cause), label),
            Column(N_("Failed messages"), col(Unreachable.times)),
            Column(N_("Last failed"), col(Unreachable.last_at)),
            Column(N_("Tried again"), col(Unreachable.tried_at)),
            Column(N_("Removed from the list"), col(Unreachable.settled_at)),
        ),
        actors(col(Unreachable.recipient), (col(Unreachable.settled_by), col(Unreachable.settled_at))),
    ),
}
