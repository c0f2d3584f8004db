"""List the records that people change in notifications, by the parameters of the addresses that name them.

Every service lists its own here.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from services.notifications.mail.store.unreachable import Unreachable
from services.notifications.messages.store.messages import MessageRow, NotificationRow
from services.notifications.messages.views.messages import shown_state
from services.notifications.preferences.actions import CHOOSER
from services.notifications.preferences.store import CHOICE
from services.notifications.record_facts import FACTS
from services.notifications.webhooks.store.deliveries import Delivery
from services.notifications.webhooks.store.endpoints import Endpoint, Secret
from shared.bus.db.records import Part, Record
from shared.identity.versions import Records
from shared.web.states import state

# What sending changes by itself. A pause is in the version by its cause.
_OF_SENDING = {"state", "failing_since", "pauses_at", "not_before", "expired", "failures", "probe_at", "accepted_at"}
RECORDS = Records(
    {
        "endpoint_id": Record(
            Endpoint,
            parts=(Part(Secret, "endpoint_id"),),
            leaving_out=_OF_SENDING,
            state=col(Endpoint.state),
            state_word=lambda code: state("webhook", code).word,
        ),
        "delivery_id": Record(
            Delivery, state=col(Delivery.state), state_word=lambda code: state("webhook_delivery", code).word
        ),
        "message_id": Record(
            MessageRow,
            parts=(Part(NotificationRow, "message_id"),),
            state=col(MessageRow.state),
            state_word=lambda code: state("notification", shown_state(code)).word,
        ),
        "recipient": Record(
            Unreachable,
            key="recipient",
            changed=sa.func.greatest(
                Unreachable.last_at, Unreachable.tried_at, Unreachable.asked_at, Unreachable.settled_at
            ),
        ),
        CHOOSER: CHOICE,
    },
    additions=frozenset({"redeliver", "test"}),
    facts=FACTS,
)
