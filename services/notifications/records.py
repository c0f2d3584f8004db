"""List the records that people change in notifications, by the parameters of the addresses that name them.

Every service lists its own here.
"""

from __future__ import annotations

from services.notifications.mail.store.unreachable import Unreachable
from services.notifications.messages.store.messages import MessageRow, NotificationRow
from services.notifications.preferences.actions import CHOOSER
from services.notifications.preferences.store import CHOICE
from services.notifications.webhooks.store.deliveries import Delivery
from services.notifications.webhooks.store.endpoints import Endpoint, Secret
from shared.bus.db.records import Part, Record
from shared.identity.versions import Records

# What sending changes by itself. A pause is in the version by its cause.
_OF_SENDING = {"state", "failing_since", "pauses_at", "not_before", "expired", "failures", "probe_at", "accepted_at"}
RECORDS = Records(
    {
        "endpoint_id": Record(Endpoint, parts=(Part(Secret, "endpoint_id"),), leaving_out=_OF_SENDING),
        "delivery_id": Record(Delivery),
        "message_id": Record(MessageRow, parts=(Part(NotificationRow, "message_id"),)),
        "recipient": Record(Unreachable, key="recipient"),
        CHOOSER: CHOICE,
    },
    additions=frozenset({"redeliver", "test"}),
)
