"""The morning mail with everything that waits for a coordinator: a subject of its own in the table of messages."""

from services.notifications.messages.model.rule import NamedAudience, Rule
from shared.contracts.notifications import WorkWaiting
from shared.i18n import N_

DIGEST = "work_waiting"

RULES = (
    Rule(
        DIGEST,
        WorkWaiting,
        NamedAudience.OWNER,
        N_("What waits for you today"),
        (N_("This waits for you or your deputy:"),),
        "due",
        N_("Open what waits for you"),
        mandatory=False,
    ),
)
